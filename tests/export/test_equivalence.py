import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from flawflow.datasets import open_dataset
from flawflow.decision.calibration import Calibration
from flawflow.export.equivalence import (
    Both,
    Pair,
    check,
    check_evaluations,
    measure_labelled,
    rank_correlation,
)
from flawflow.images.statistics import ImageStatistics
from flawflow.inspection import Inspector
from flawflow.inspection.calibrate import Measurement
from flawflow.inspection.evaluate import evaluate

CALIBRATION = Calibration(scores=tuple(float(i) for i in range(1, 100)), pixel_threshold=3.0)


def measured(score: float) -> Measurement:
    return Measurement(Path("a.png"), score, score, 0.0, ImageStatistics(*[0.5] * 7))


def pictures(before: list[float], after: list[float], difference: float = 0.0) -> list[Both]:
    return [
        Both(measured(a), measured(b), map_difference=difference) for a, b in zip(before, after, strict=True)
    ]


def verdicts(both: list[Both]) -> dict[str, bool]:
    return {found.name: found.holds for found in check(both, CALIBRATION, CALIBRATION)}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2))
def test_law_the_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]):
    first, second = zip(*pairs, strict=True)
    found = rank_correlation(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(first, second).statistic)


def test_what_is_the_same_holds():
    scores = [1.0, 50.0, 96.5, 99.5]
    assert all(verdicts(pictures(scores, scores)).values())


def test_each_figure_has_its_own_limit():
    scores = [float(i) for i in range(1, 61)]
    swapped = [*scores[:40], *reversed(scores[40:])]
    assert verdicts(pictures(scores, swapped)) == {
        "rank correlation of scores": False,
        "largest difference of maps": True,
        "other verdicts": True,
    }
    assert verdicts(pictures(scores, scores, difference=0.26))["largest difference of maps"] is False
    assert verdicts(pictures(scores, scores, difference=0.25))["largest difference of maps"] is True


@pytest.mark.parametrize(
    ("count", "flipped", "holds"), [(10, 1, True), (10, 2, False), (200, 4, True), (200, 5, False)]
)
def test_few_pictures_may_be_judged_otherwise(count: int, flipped: int, holds: bool):
    before = [1.0 + i / 1000 for i in range(count)]
    after = [*before[: count - flipped], *(99.5 + i / 1000 for i in range(flipped))]
    both = pictures(before, after)
    assert verdicts(both)["other verdicts"] is holds
    figures = {found.name: found.figure for found in check(both, CALIBRATION, CALIBRATION)}
    assert figures["other verdicts"] == f"{flipped} of {count}"


def test_each_side_is_judged_by_its_own_calibration():
    higher = dataclasses.replace(CALIBRATION, scores=tuple(score + 10 for score in CALIBRATION.scores))
    scores = [96.5, 97.5, 98.5, 99.5]
    both = pictures(scores, [score + 10 for score in scores])
    (flips,) = (found for found in check(both, CALIBRATION, higher) if found.name == "other verdicts")
    assert flips.figure == "0 of 4"


def test_equal_scores_have_no_rank():
    assert "rank correlation of scores" not in verdicts(pictures([1.0, 1.0], [1.0, 1.0]))


def test_labelled_pictures_are_evaluated_as_ever(tiny_model: Path, labelled: Path):
    dataset = open_dataset(labelled)
    inspector = Inspector.load(tiny_model)
    steps: list[tuple[int, int]] = []
    both, before, after = measure_labelled(
        Pair(inspector, inspector), dataset.test, lambda *step: steps.append(step)
    )
    assert before == after
    assert before.to_dict() == evaluate(inspector, dataset).to_dict()
    assert [picture.before for picture in both] == [picture.after for picture in both]
    assert {picture.map_difference for picture in both} == {0.0}
    assert steps == [(done, 12) for done in range(1, 13)]


def test_the_map_difference_is_a_share_of_the_heats_scale(tiny_model: Path):
    inspector = Inspector.load(tiny_model)
    low, high = inspector.card.colormap_range
    zero = np.zeros((2, 2), np.float32)
    assert Pair(inspector, inspector).difference(zero, zero + (high - low) / 4) == pytest.approx(0.25)


def test_half_a_point_may_be_lost(tiny_model: Path, labelled: Path):
    before = evaluate(Inspector.load(tiny_model), open_dataset(labelled))
    worse = dataclasses.replace(
        before, image_auroc=before.image_auroc - 0.004, pixel_auroc=before.pixel_auroc - 0.006, aupro=None
    )
    found = {check.name: check.holds for check in check_evaluations(before, worse)}
    assert found == {"image AUROC": True, "pixel AUROC": False}
    assert all(check.holds for check in check_evaluations(worse, before))
