import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flawflow.decision.tolerance import CONFIDENCE, exact_interval, upper_rate


@given(st.integers(1, 3000).flatmap(lambda count: st.tuples(st.integers(1, count), st.just(count))))
def test_it_is_the_quantile_of_the_order_statistic(ranks: tuple[int, int]):
    above, count = ranks
    expected = stats.beta.ppf(CONFIDENCE, above, count + 1 - above)
    assert upper_rate(above, count) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("count", "rate"), [(59, 0.05), (299, 0.01), (2995, 0.001)])
def test_the_counts_that_auditors_know(count: int, rate: float):
    assert upper_rate(1, count) <= rate < upper_rate(1, count - 1)


def test_very_many_pictures():
    expected = stats.beta.ppf(CONFIDENCE, 5_000, 95_001)
    assert upper_rate(5_000, 100_000) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("above", "count"), [(1, 20), (3, 40), (12, 60)])
def test_so_many_calibrations_keep_it(above: int, count: int):
    rng = np.random.default_rng(above)
    # Of a uniform score the share above a threshold is 1 - the threshold.
    shares = 1 - np.sort(rng.random((20_000, count)), axis=1)[:, count - above]
    kept = np.mean(shares <= upper_rate(above, count))
    assert abs(kept - CONFIDENCE) < 4 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / 20_000)


@pytest.mark.parametrize(("above", "count"), [(0, 5), (6, 5), (1, 0)])
def test_impossible_ranks_are_refused(above: int, count: int):
    with pytest.raises(ValueError, match="rank between 1 and"):
        upper_rate(above, count)


@given(st.integers(1, 3000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_the_interval_is_that_of_clopper_and_pearson(counts: tuple[int, int]):
    hits, count = counts
    expected = stats.binomtest(hits, count).proportion_ci(CONFIDENCE, method="exact")
    assert exact_interval(hits, count) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("hits", "count"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_have_no_interval(hits: int, count: int):
    with pytest.raises(ValueError, match="Expected hits between"):
        exact_interval(hits, count)
