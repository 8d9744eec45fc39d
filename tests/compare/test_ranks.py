import numpy as np
import pytest
from scipy import stats

from flawflow.compare.ranks import critical_difference, friedman_p, ranking, ranks_of


def test_ranks_are_those_of_scipy_with_ties():
    table = np.random.default_rng(0).integers(0, 4, (30, 5)).astype(float)
    np.testing.assert_array_equal(ranks_of(table), stats.rankdata(-table, axis=1))


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_friedmans_p_comes_near_the_distribution_that_many_sets_lead_to(strength: float):
    table = np.random.default_rng(3).normal(size=(40, 4)) + strength * np.arange(4)
    expected = stats.friedmanchisquare(*table.T).pvalue
    assert friedman_p(ranks_of(table)) == pytest.approx(expected, abs=0.02)


def test_of_few_sets_the_p_value_is_exact():
    # Two sets on which three detectors agree: of 6 · 6 orders 6 agree so much.
    assert friedman_p(np.array([[1.0, 2, 3], [1, 2, 3]])) == pytest.approx(1 / 6, abs=0.01)


@pytest.mark.parametrize(("count", "sets"), [(2, 5), (3, 2), (4, 15), (10, 3)])
def test_the_critical_difference_is_nemenyis(count: int, sets: int):
    q = stats.studentized_range.ppf(0.95, count, np.inf) / 2**0.5
    expected = q * (count * (count + 1) / (6 * sets)) ** 0.5
    assert critical_difference(count, sets) == pytest.approx(expected, rel=1e-4)


def test_detectors_that_are_near_in_rank_are_ties():
    better = {"worst": 0.1, "good": 0.8, "best": 0.9, "bad": 0.2}
    values = {name: [value] * 40 for name, value in better.items()}
    values["good"] = [0.8, 0.95] * 20
    found = ranking(values)
    assert found is not None
    assert list(found.ranks)[2:] == ["bad", "worst"]
    assert found.ranks["good"] == found.ranks["best"] == 1.5
    assert [set(pair) for pair in found.ties()] == [{"best", "good"}]
    assert found.p_value < 0.001
    assert found.sets == 40


def test_few_sets_tie_all():
    found = ranking({"a": [0.9, 0.9], "b": [0.5, 0.6], "c": [0.1, 0.2]})
    assert found is not None
    assert found.ties() == [("a", "c")]


@pytest.mark.parametrize("values", [{}, {"a": [0.1, 0.2]}, {"a": [0.1], "b": [0.2]}])
def test_one_detector_or_one_set_ranks_nothing(values):
    assert ranking(values) is None
