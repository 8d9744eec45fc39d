"""Drift on pictures of real parts: no word without a change, and the right word after one."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import stats

from flawflow.decision.calibration import Calibration
from flawflow.decision.drift import Drift, DriftMonitor
from flawflow.decision.drift_baseline import NO_BASELINE, DriftBaseline
from flawflow.images import find_images, read_image, resize_image
from flawflow.images.statistics import ImageStatistics, image_statistics
from flawflow.inspection.inspection import Inspection, Timings
from flawflow.model_file.card import Card

SIZE = (64, 64)
REFERENCES = 40
Change = Callable[[np.ndarray], np.ndarray]


def lit(factor: float) -> Change:
    return lambda picture: np.clip(picture * factor, 0, 255).astype(np.uint8)


def cast(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture * np.array([1.04, 1.0, 0.96]), 0, 255).astype(np.uint8)


def blurred(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1)))


def moved(picture: np.ndarray) -> np.ndarray:
    right = round(0.03 * picture.shape[1])
    return np.pad(picture, ((0, 0), (right, 0), (0, 0)), mode="edge")[:, : picture.shape[1]]


@dataclasses.dataclass(frozen=True)
class Parts:
    """Good pictures of a real part, and scores by their distance from the mean of the first ones."""

    name: str
    pictures: list[np.ndarray]
    mean: np.ndarray
    spread: np.ndarray

    def seen(self, change: Change = lambda picture: picture) -> list[tuple[float, ImageStatistics]]:
        small = [resize_image(np.ascontiguousarray(change(picture)), SIZE) for picture in self.pictures]
        return [(self.score(one), image_statistics(one, np.ones(SIZE, np.bool_))) for one in small]

    def score(self, small: np.ndarray) -> float:
        distance = np.abs(coarse(small) - self.mean) / self.spread
        return float(np.sort(distance)[-8:].mean())


def coarse(small: np.ndarray) -> np.ndarray:
    return small.mean(axis=2)[::4, ::4].ravel()


@pytest.fixture(scope="module", params=["bottle", "kolektorsdd"])
def parts(request: pytest.FixtureRequest, shared_data: Path) -> Parts:
    root = shared_data / ("mvtec/bottle" if request.param == "bottle" else "kolektorsdd")
    pictures = []
    for path in find_images([root / "train" / "good"])[:190]:
        whole = read_image(path)
        factor = 256 / max(whole.shape[:2])
        pictures.append(resize_image(whole, (round(whole.shape[0] * factor), round(whole.shape[1] * factor))))
    grey = np.stack([coarse(resize_image(picture, SIZE)) for picture in pictures[:REFERENCES]])
    return Parts(request.param, pictures[REFERENCES:], grey.mean(axis=0), grey.std(axis=0) + 3)


def inspection(card: Card, score: float, statistics: ImageStatistics | None) -> Inspection:
    calibration = card.calibration
    return Inspection(
        path=Path("line/7.png"),
        score=score,
        p_value=calibration.p_value(score),
        verdict=calibration.verdict(score),
        size=SIZE,
        graph_map=np.zeros(SIZE, np.float32),
        regions=(),
        timings=Timings(0, 0, 0, 0),
        statistics=statistics,
    )


def card_of(card: Card, known: list[tuple[float, ImageStatistics]]) -> Card:
    scores = tuple(sorted(score for score, _ in known))
    calibration = Calibration(scores, pixel_threshold=1.0)
    return dataclasses.replace(card, calibration=calibration, drift=DriftBaseline.of(known))


def watched(card: Card, new: list[tuple[float, ImageStatistics]]) -> Drift:
    monitor = DriftMonitor(card)
    for score, statistics in new:
        monitor.add(inspection(card, score, statistics))
    return monitor.drift()


def split(
    parts: Parts, tiny_card: Card, seed: int, before: list[tuple[float, ImageStatistics]], n: int = 60
) -> tuple[Card, list[int]]:
    order = np.random.default_rng(seed).permutation(len(parts.pictures)).tolist()
    return card_of(tiny_card, [before[index] for index in order[:n]]), order[n:]


def test_without_a_change_there_is_no_word_of_one(parts: Parts, tiny_card: Card):
    before, runs, alarms = parts.seen(), 100, 0
    for seed in range(runs):
        card, new = split(parts, tiny_card, seed, before, n=(20, 60)[seed % 2])
        drift = watched(card, [before[index] for index in new])
        assert drift.hint is None
        assert drift.compared > 60
        alarms += bool(drift.findings)
    assert alarms <= stats.binom(runs, 0.01).ppf(0.9999)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lit(1.08), "brighter"),
        (lit(0.92), "darker"),
        (blurred, "blurrier"),
        (cast, "redder"),
        (moved, "moved to the right"),
    ],
    ids=["brighter", "darker", "blurred", "cast", "moved"],
)
def test_a_change_is_named(parts: Parts, tiny_card: Card, change: Change, words: str):
    if change is moved and parts.name == "kolektorsdd":
        pytest.skip("these pictures differ more in where their edges lie than by a shift of 3 %")
    before, after = parts.seen(), parts.seen(change)
    told = []
    for seed in range(6):
        card, new = split(parts, tiny_card, seed, before)
        drift = watched(card, [after[index] for index in new])
        told.append(words in [finding.words for finding in drift.findings] or words in (drift.hint or ""))
    assert sum(told) >= 5


def test_a_finding_says_what_was_and_what_is(parts: Parts, tiny_card: Card):
    before, after = parts.seen(), parts.seen(cast)
    card, new = split(parts, tiny_card, 0, before)
    background = [before[index] for index in new[:40]]
    drift = watched(card, background + [after[index] for index in new[40:]])
    finding = next(finding for finding in drift.findings if finding.statistic == "red")
    assert finding.since > 36
    assert finding.path == "line/7.png"
    assert finding.now > finding.before
    assert drift.reference == 57, "the three at and above the threshold of REVIEW are no OK pictures"
    assert drift.to_dict()["findings"][0].keys() == {"statistic", "words", "since", "path", "before", "now"}


def test_defective_pictures_are_no_drift(parts: Parts, tiny_card: Card):
    """They are not OK, so that they are not compared, and not all alike, so that nothing is hinted."""
    before = parts.seen()
    card, new = split(parts, tiny_card, 0, before)
    rng = np.random.default_rng(0)
    names = [field.name for field in dataclasses.fields(ImageStatistics)]
    defective = [
        (1e6, dataclasses.replace(before[index][1], **{names[rng.integers(7)]: rng.choice([-9.0, 9.0])}))
        for index in new
    ]
    drift = watched(card, [before[index] for index in new] + defective * 2)
    assert (drift.findings, drift.hint) == ((), None)


def test_where_nothing_is_ok_any_more_there_is_a_hint(parts: Parts, tiny_card: Card):
    """After any number of OK pictures, and not for the first few that are not OK."""
    before, after = parts.seen(), parts.seen(lit(0.6))
    card, new = split(parts, tiny_card, 0, before)
    background = [before[index] for index in new] * 2
    dark = [(1e6, after[index][1]) for index in new]
    assert watched(card, background + dark[:8]).hint is None
    hint = watched(card, background + dark[:30]).hint
    assert hint is not None
    assert "Of the latest 30 pictures 30 are not OK" in hint
    assert "darker. Look at light and camera" in hint


def test_a_model_without_a_reference_compares_nothing(tiny_card: Card):
    assert tiny_card.drift == NO_BASELINE
    statistics = ImageStatistics(*[0.5] * 7)
    drift = watched(tiny_card, [(0.1, statistics)] * 50)
    assert (drift.findings, drift.hint, drift.compared, drift.reference) == ((), None, 0, 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        DriftMonitor(tiny_card, false_alarm_rate=0.0)
