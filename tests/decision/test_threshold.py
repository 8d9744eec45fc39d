import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.decision.threshold import as_written, check_rate, find_threshold, images_needed

score_lists = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300).map(sorted).map(tuple)
rates = st.integers(1, 999).map(lambda thousandth: thousandth / 1000)


@given(score_lists, rates)
def test_it_is_the_conformal_quantile(scores, rate):
    threshold = find_threshold(rate, scores, scores)
    n = len(scores)
    # In thousandths, so that this test's arithmetic is exact: k = ⌈(n + 1)(1 - rate)⌉.
    k = -(-(n + 1) * (1000 - round(rate * 1000)) // 1000)
    assert threshold.score == scores[min(k, n) - 1]
    assert threshold.guaranteed_rate == threshold.expected_rate == (n + 1 - min(k, n)) / (n + 1)
    assert threshold.keeps_rate == (k <= n)
    assert threshold.asked_rate == rate


@given(score_lists, score_lists, rates)
def test_of_two_sets_the_stricter_one_decides_and_the_own_one_guarantees(own, others, rate):
    everyone = tuple(sorted(own + others))
    found = find_threshold(rate, own, everyone)
    alone, together = find_threshold(rate, own, own), find_threshold(rate, everyone, everyone)
    assert found.score == max(alone.score, together.score)
    assert found.guaranteed_rate == alone.guaranteed_rate
    seen = sum(score >= found.score for score in everyone) / (len(everyone) + 1)
    assert found.expected_rate == min(seen, found.guaranteed_rate)


def test_nobody_expects_more_than_is_guaranteed():
    # 1 of 31 is guaranteed, and 5 of 101 are as many as 5 % leave: not "about 5 %, at most 3.2 %".
    found = find_threshold(0.05, tuple(range(30)), tuple(range(100)))
    assert found.expected_rate == found.guaranteed_rate == 1 / 31


def test_a_decimal_rate_is_taken_as_written():
    # In floats (99 + 1) * 0.07 is 7.000000000000001 and (99 + 1) * 0.29 is 28.999999999999996.
    scores = tuple(range(99))
    for rate, above in ((0.07, 7), (0.29, 29), (np.float64(0.29), 29)):
        assert as_written(rate) == Fraction(above, 100)
        assert find_threshold(rate, scores, scores).score == 99 - above


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan, math.inf])
def test_impossible_rates_are_refused(rate):
    for refuse in (check_rate, as_written, lambda rate: find_threshold(rate, (1.0,), (1.0,))):
        with pytest.raises(ValueError, match="between 0 and 1"):
            refuse(rate)


def test_under_a_lower_rate_there_is_a_rank_in_both_sets():
    own, everyone = tuple(range(0, 100, 4)), tuple(range(100))
    alone = find_threshold(0.05, own, everyone)
    under = find_threshold(0.05, own, everyone, under=0.01)
    # 26 · 5 % is one rank of the own ones, which the lower rate takes: the second highest, 92, is left.
    # Of all there are five.
    assert (alone.rank, alone.score, under.rank, under.score) == (1, 96, 2, 95)
    assert (under.guaranteed_rate, under.expected_rate) == (2 / 26, 5 / 101)
    # Where the ranks lie apart nothing changes, and one score has no second rank.
    assert find_threshold(0.2, own, everyone, under=0.01) == find_threshold(0.2, own, everyone)
    assert find_threshold(0.05, (1.0,), (1.0,), under=0.01).rank == 1


def test_pictures_needed_for_a_rank_of_its_own():
    assert [images_needed(rate) for rate in (0.05, 0.07, 0.01)] == [19, 14, 99]
    # Two ranks in 5 %; or, where the rates are close, one rank in their difference.
    assert images_needed(0.05, under=0.01) == 39
    assert images_needed(0.05, under=0.04) == 99
    for under in (0.05, 0.06):
        with pytest.raises(ValueError, match=f"must be above {under}; got 0.05"):
            images_needed(0.05, under=under)


def test_what_holds_with_confidence_is_of_the_own_pictures():
    found = find_threshold(0.01, tuple(range(59)), tuple(range(500)))
    assert found.confident_rate == pytest.approx(1 - 0.05 ** (1 / 59))
    assert (found.rank, found.pictures) == (1, 59)
