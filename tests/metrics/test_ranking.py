"""Ranking measures equal scikit-learn's, ties and all."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap
from sklearn.metrics import average_precision_score, roc_auc_score

from flawflow.errors import MetricError
from flawflow.metrics import auroc, auroc_interval, average_precision

MEASURES = pytest.mark.parametrize("measure", [auroc, average_precision])

# Scores on a coarse grid tie often; the wide ones reach the ends of float64.
SCORE = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e300, 1e300))
PICTURES = st.lists(st.tuples(st.booleans(), SCORE), min_size=2, max_size=40).filter(
    lambda pictures: len({label for label, _ in pictures}) == 2
)


@given(PICTURES)
def test_equal_to_sklearn(pictures: list[tuple[bool, float]]) -> None:
    labels, scores = zip(*pictures, strict=True)
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(labels, scores) == pytest.approx(
        average_precision_score(labels, scores), abs=1e-12
    )


@given(PICTURES)
def test_turning_the_scores_round_mirrors_auroc(pictures: list[tuple[bool, float]]) -> None:
    labels, scores = map(np.array, zip(*pictures, strict=True))
    assert auroc(labels, -scores) == pytest.approx(1 - auroc(labels, scores), abs=1e-12)


@pytest.mark.parametrize("gap", [0.0, 1.0, 2.5])
def test_the_interval_is_that_of_scipys_bootstrap(gap: float, rng: np.random.Generator) -> None:
    good, bad = np.round(rng.normal(size=70), 1), np.round(rng.normal(gap, size=40), 1)
    expected = bootstrap(
        (good, bad),
        lambda one, other: auroc(np.repeat([False, True], [70, 40]), np.concatenate([one, other])),
        n_resamples=4000,
        method="percentile",
        vectorized=False,
        rng=np.random.default_rng(1),
    ).confidence_interval
    labels, scores = np.repeat([False, True], [70, 40]), np.concatenate([good, bad])
    found = auroc_interval(labels, scores, resamples=4000)
    assert found == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found == auroc_interval(labels, scores, resamples=4000)
    narrow = auroc_interval(labels, scores, resamples=4000, level=0.5)
    assert found[0] < narrow[0] < narrow[1] < found[1]


@given(PICTURES)
def test_an_interval_lies_between_no_skill_and_all(pictures: list[tuple[bool, float]]) -> None:
    labels, scores = zip(*pictures, strict=True)
    lower, upper = auroc_interval(labels, scores, resamples=20)
    assert 0 <= lower <= upper <= 1


def test_many_pictures(rng: np.random.Generator) -> None:
    labels = rng.random(5000) < 0.2
    scores = np.round(rng.normal(size=5000) + labels, 2)
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(labels, scores) == pytest.approx(
        average_precision_score(labels, scores), abs=1e-12
    )


def test_constant_scores_tell_nothing() -> None:
    assert auroc([0, 1, 1, 1], [2.0] * 4) == 0.5
    assert average_precision([0, 1, 1, 1], [2.0] * 4) == 0.75


def test_the_result_is_a_plain_float() -> None:
    assert type(auroc([0, 1], [0, 1])) is float
    assert type(average_precision([0, 1], [0, 1])) is float


@MEASURES
@pytest.mark.parametrize(
    ("labels", "scores", "sentence"),
    [
        ([1, 1], [0.1, 0.2], "no good picture"),
        ([0, 0], [0.1, 0.2], "no defective picture"),
        ([], [], "no defective picture"),
        ([0, 1], [0.1, np.nan], "not a finite number"),
        ([0, 1], [np.inf, 0.1], "not a finite number"),
        ([0, 1], [0.1], "do not belong together"),
        ([[0, 1]], [[0.1, 0.2]], "one label and one score"),
        ([0, 2], [0.1, 0.2], "true or false"),
    ],
)
def test_what_cannot_be_measured(
    measure: Callable[[object, object], float], labels: list[int], scores: list[float], sentence: str
) -> None:
    with pytest.raises(MetricError, match=sentence):
        measure(labels, scores)


@pytest.mark.parametrize("defective", range(1, 60))
@pytest.mark.parametrize("good", [1, 20, 49])
def test_perfect_separation_is_never_more_than_one(defective: int, good: int) -> None:
    labels = [True] * defective + [False] * good
    scores = [2.0 + n for n in range(defective)] + [1.0 - n for n in range(good)]
    for measure in (auroc, average_precision):
        assert 1 - 1e-12 < measure(labels, scores) <= 1
