import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.judge.threshold import as_written, check_rate, find_threshold

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
