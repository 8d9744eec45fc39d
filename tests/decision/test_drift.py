"""The rules of drift, each on numbers of which every answer is known."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flawflow.decision.calibration import Calibration, Verdict
from flawflow.decision.drift import FINDING_WORDING, DriftMonitor
from flawflow.decision.drift_baseline import DriftBaseline
from flawflow.images.statistics import ImageStatistics
from flawflow.inspection.inspection import Inspection, Timings
from flawflow.model_file.card import Card

from .martingale_oracle import Oracle

STATISTICS = tuple(FINDING_WORDING)
KNOWN = 40


def known_rows() -> list[tuple[float, ImageStatistics]]:
    """Forty pictures; statistic k of picture i is k + i/100, so that all ranges are known."""
    return [
        (i / 100, ImageStatistics(*(k + i / 100 for k in range(1, len(STATISTICS))))) for i in range(KNOWN)
    ]


@pytest.fixture
def card(tiny_card: Card) -> Card:
    """Of 40 scores, 5 % leave two above: 0.38 is where REVIEW begins, and no OK picture is above it."""
    scores = tuple(score for score, _ in known_rows())
    calibration = Calibration(scores, pixel_threshold=1.0)
    assert calibration.review_threshold().score == 0.38
    return dataclasses.replace(tiny_card, calibration=calibration, drift=DriftBaseline.of(known_rows()))


def seen(verdict: Verdict = "OK", *, path: str | None = "7.png", **values: float) -> Inspection:
    """A picture like those of the middle of the calibration but for some statistics."""
    usual = {name: k + 0.205 for k, name in enumerate(STATISTICS)} | values
    score = usual.pop("score")
    return Inspection(
        path=None if path is None else Path(path),
        score=score,
        p_value=0.5,
        verdict=verdict,
        size=(4, 4),
        graph_map=np.zeros((4, 4), np.float32),
        regions=(),
        timings=Timings(0, 0, 0, 0),
        statistics=ImageStatistics(**usual),
    )


def told(card: Card, pictures: Sequence[Inspection], **options: Any) -> Any:
    monitor = DriftMonitor(card, **options)
    for picture in pictures:
        monitor.add(picture)
    return monitor.drift()


def expected(pictures: Sequence[Inspection], rate: float, seed: int) -> Iterator[tuple[str, str, int]]:
    """What an independent account of the same bets finds: statistic, words and number of the picture."""
    generator = np.random.default_rng(seed)
    good = [(score, statistics) for score, statistics in known_rows() if score < 0.38]
    oracles = {
        name: Oracle([score if name == "score" else getattr(each, name) for score, each in good])
        for name in STATISTICS
    }
    goal = len(STATISTICS) / rate
    for number, picture in enumerate(pictures, start=1):
        for name, oracle in list(oracles.items()):
            value = picture.score if name == "score" else getattr(picture.statistics, name)
            direction = oracle.add(value, generator.random(), goal)
            if direction is not None:
                del oracles[name]
                yield name, FINDING_WORDING[name][direction], number


@pytest.mark.parametrize(("rate", "seed"), [(0.01, 0), (0.2, 0), (0.01, 5)])
def test_a_change_is_found_when_the_wealth_is_reached_and_not_before(card: Card, rate: float, seed: int):
    rng = np.random.default_rng(1)
    calm = [
        seen(**{name: k + rng.integers(0, 38) / 100 for k, name in enumerate(STATISTICS)}) for _ in range(6)
    ]
    changed = calm + [seen(brightness=1.5, blue=4.0 + 0.0001 * n, down=7.0) for n in range(30)]
    drift = told(card, changed, false_alarm_rate=rate, seed=seed)
    found = [(finding.statistic, finding.words, finding.since) for finding in drift.findings]
    wanted = list(expected(changed, rate, seed))
    assert {("brightness", "brighter"), ("blue", "yellower"), ("down", "moved up")} <= {
        (name, words) for name, words, _ in wanted
    }
    assert found == wanted
    assert (drift.compared, drift.reference, drift.false_alarm_rate) == (36, 38, rate)
    brightness = next(finding for finding in drift.findings if finding.statistic == "brightness")
    assert (brightness.before, brightness.now) == (pytest.approx(1.185), 1.5)
    assert brightness.path == "7.png"


def test_a_picture_without_a_file_has_no_path(card: Card):
    drift = told(card, [seen(red=9.0, path=None) for _ in range(30)])
    assert {finding.path for finding in drift.findings} == {None}


def test_what_is_not_ok_is_not_compared(card: Card):
    drift = told(card, [seen("NG", red=9.0), seen("REVIEW", red=9.0)] * 2)
    assert (drift.compared, drift.findings) == (0, ())


def test_pictures_without_statistics_change_nothing(card: Card):
    blind = dataclasses.replace(seen("NG", red=9.0), statistics=None)
    assert told(card, [blind] * 30).hint is None
    # They are not among the latest, either: ten of ten are strange.
    assert told(card, [seen("NG", red=9.0)] * 10 + [blind] * 30).hint is not None


@pytest.mark.parametrize(
    ("strange", "alike", "calm", "hints"),
    [
        (10, 10, 0, True),
        (9, 9, 0, False),
        # More than half of the latest must not be OK.
        (11, 11, 10, True),
        (10, 10, 9, True),
        (10, 10, 10, False),
        # Nine in ten of these must differ alike.
        (10, 9, 0, True),
        (10, 8, 0, False),
        (20, 18, 0, True),
        (20, 17, 0, False),
    ],
)
def test_a_hint_needs_many_strange_pictures_that_are_alike(
    card: Card, strange: int, alike: int, calm: int, hints: bool
):
    pictures = [seen()] * calm + [seen("NG")] * (strange - alike) + [seen("NG", red=9.0)] * alike
    hint = told(card, pictures).hint
    assert (hint is not None) == hints
    if hint is not None:
        assert hint == (
            f"Of the latest {strange + calm} pictures {strange} are not OK, and {alike} of these differ in "
            "one way from every good picture of the calibration: redder. Look at light and camera before the "
            "parts."
        )


def test_only_the_latest_thirty_count_for_a_hint(card: Card):
    dark = [seen("REVIEW", brightness=0.5)] * 16
    assert "16 are not OK, and 16 of these" in told(card, [seen()] * 50 + dark).hint
    assert "darker" in told(card, [seen()] * 50 + dark).hint
    assert told(card, dark + [seen()] * 14).hint is not None
    assert told(card, dark + [seen()] * 15).hint is None


@pytest.mark.parametrize(("value", "hints"), [(5.0, False), (4.99, True), (5.39, False), (5.391, True)])
def test_a_picture_is_strange_beyond_every_good_one(card: Card, value: float, hints: bool):
    assert (told(card, [seen("NG", blue=value)] * 10).hint is not None) == hints


def test_a_score_is_no_cause(card: Card):
    assert told(card, [seen("NG", score=99.0)] * 30).hint is None


def test_a_drift_is_ready_for_json(card: Card):
    told_of = told(card, [seen(red=9.0)] * 30).to_dict()
    assert told_of.keys() == {"findings", "hint", "compared", "reference", "false_alarm_rate"}
    assert told_of["findings"][0].keys() == {"statistic", "words", "since", "path", "before", "now"}


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_an_impossible_rate_is_refused(card: Card, rate: float):
    with pytest.raises(ValueError, match="between 0 and 1"):
        DriftMonitor(card, false_alarm_rate=rate)
