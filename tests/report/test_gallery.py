import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flawflow.inspection.inspection import Inspection
from flawflow.report import gallery as gallery_module
from flawflow.report.gallery import Exhibit, Gallery, exhibit_of
from flawflow.results.record import Record

MakeInspection = Callable[..., Inspection]
SCALE = (0.0, 1.0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_module, "_MOST_ANOMALOUS_IMAGES", 8)
    monkeypatch.setattr(gallery_module, "_SAMPLE_IMAGES", 4)


def fill(gallery: Gallery, make_inspection: MakeInspection, scores: list[float]) -> None:
    picture = np.full((8, 12, 3), 128, np.uint8)
    for index, score in enumerate(scores):
        inspection = make_inspection(Path(f"{index}.png"), anomaly_map=np.zeros((8, 12)), score=score)
        gallery.offer(exhibit_of(inspection, picture, record_of(index, score), SCALE))


def record_of(index: int, score: float) -> Record:
    return Record(path=f"{index}.png", score=score)


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=st.lists(st.integers(0, 30), max_size=80), behind=st.integers(0, 9))
def test_law_what_is_not_wanted_early_is_not_kept_later(small: None, scores: list[int], behind: int):
    """Workers ask before the pictures ahead of theirs have been offered; that must change nothing."""
    exhibits = [Exhibit(record_of(index, score), b"", b"") for index, score in enumerate(scores)]
    whole, asked = Gallery(), Gallery()
    wanted = []
    for index, exhibit in enumerate(exhibits):
        whole.offer(exhibit)
        wanted.append(exhibit if asked.wants(exhibit.record) else None)
        if index >= behind and (late := wanted[index - behind]) is not None:
            asked.offer(late)
    for late in wanted[max(len(wanted) - behind, 0) :]:
        if late is not None:
            asked.offer(late)
    assert asked.exhibits() == whole.exhibits()


def test_the_sample_is_even(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gallery_module, "_MOST_ANOMALOUS_IMAGES", 1)
    gallery = Gallery()
    for index in range(4000):
        gallery.offer(Exhibit(record_of(index, -index), b"", b""))
    places = sorted(-exhibit.score / 4000 for exhibit in gallery.exhibits())
    assert len(places) == 41
    # A sample of 40 from an even distribution is farther than this from it once in a thousand draws.
    assert max(abs(place - (n + 0.5) / 41) for n, place in enumerate(places)) < 0.30


def test_the_page_stays_bounded_and_keeps_both_kinds(
    small: None, make_inspection: MakeInspection, monkeypatch: pytest.MonkeyPatch
):
    gallery = Gallery()
    fill(gallery, make_inspection, [float(-i) for i in range(300)])
    everything = gallery.exhibits()
    half = sum(len(e.picture) + len(e.overlay) for e in everything) // 2
    monkeypatch.setattr(gallery_module, "_MAX_BYTES", half)
    cut = gallery.exhibits()
    assert sum(len(e.picture) + len(e.overlay) for e in cut) <= half
    assert cut[0].score == 0.0
    assert min(e.score for e in cut) < -8.0


def test_thumbnails_keep_the_aspect_and_show_the_heat(make_inspection: MakeInspection):
    picture = np.full((1000, 400, 3), 90, np.uint8)
    values = np.zeros((1000, 400))
    values[100:300, 100:300] = 1.0
    exhibit = exhibit_of(make_inspection(anomaly_map=values), picture, record_of(0, 1.0), SCALE)
    plain, hot = (Image.open(io.BytesIO(content)) for content in (exhibit.picture, exhibit.overlay))
    assert plain.size == hot.size == (115, 288)
    assert np.ptp(np.asarray(plain)) < 4
    assert np.ptp(np.asarray(hot)[57, 57].astype(int)) > 50
