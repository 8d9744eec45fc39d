import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.inspect.inspection import Inspection
from flawflow.report import gallery as gallery_module
from flawflow.report.gallery import Gallery

MakeInspection = Callable[..., Inspection]
SCALE = (0.0, 1.0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_module, "_MOST_ANOMALOUS", 8)
    monkeypatch.setattr(gallery_module, "_SAMPLE", 4)


def fill(gallery: Gallery, make_inspection: MakeInspection, scores: list[float]) -> None:
    picture = np.full((8, 12, 3), 128, np.uint8)
    for index, score in enumerate(scores):
        inspection = make_inspection(Path(f"{index}.png"), anomaly_map=np.zeros((8, 12)), score=score)
        gallery.offer(inspection, picture, {"score": score, "index": index}, SCALE)


def shown(gallery: Gallery) -> list[float]:
    return [exhibit.score for exhibit in gallery.exhibits()]


def test_few_pictures_are_all_shown_by_falling_score(small: None, make_inspection: MakeInspection):
    gallery = Gallery()
    fill(gallery, make_inspection, [3.0, 1.0, 2.0, 2.0])
    assert shown(gallery) == [3.0, 2.0, 2.0, 1.0]


def test_of_many_the_worst_are_shown_and_a_sample(
    small: None, make_inspection: MakeInspection, rng: np.random.Generator
):
    scores = rng.permutation(500).astype(float).tolist()
    gallery = Gallery()
    fill(gallery, make_inspection, scores)
    given = shown(gallery)
    assert given[:8] == sorted(scores, reverse=True)[:8]
    assert 8 < len(given) <= 12
    assert len(set(given)) == len(given)


def test_a_picture_that_the_worst_push_out_keeps_its_seat_in_the_sample(
    small: None, make_inspection: MakeInspection
):
    gallery = Gallery()
    fill(gallery, make_inspection, [float(i) for i in range(300)])
    # Rising scores: each one is among the worst at first; the sample must still reach back.
    assert min(shown(gallery)) < 292


def test_the_page_stays_bounded_and_keeps_both_kinds(
    small: None, make_inspection: MakeInspection, monkeypatch: pytest.MonkeyPatch
):
    gallery = Gallery()
    fill(gallery, make_inspection, [float(-i) for i in range(300)])
    everything = gallery.exhibits()
    half = sum(len(e.picture) + len(e.overlay) for e in everything) // 2
    monkeypatch.setattr(gallery_module, "_BYTES", half)
    cut = gallery.exhibits()
    assert sum(len(e.picture) + len(e.overlay) for e in cut) <= half
    assert cut[0].score == 0.0
    assert min(e.score for e in cut) < -8.0


def test_thumbnails_keep_the_aspect_and_show_the_heat(make_inspection: MakeInspection):
    picture = np.full((1000, 400, 3), 90, np.uint8)
    values = np.zeros((1000, 400))
    values[100:300, 100:300] = 1.0
    gallery = Gallery()
    gallery.offer(make_inspection(anomaly_map=values), picture, {"score": 1.0}, SCALE)
    (exhibit,) = gallery.exhibits()
    plain, hot = (Image.open(io.BytesIO(content)) for content in (exhibit.picture, exhibit.overlay))
    assert plain.size == hot.size == (115, 288)
    assert np.ptp(np.asarray(plain)) < 4
    assert np.ptp(np.asarray(hot)[57, 57].astype(int)) > 50
