import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.decision.calibration import Calibration

finite = st.floats(-1e6, 1e6)
score_lists = st.lists(finite, min_size=1, max_size=300).map(sorted).map(tuple)
rates = st.integers(1, 999).map(lambda thousandth: thousandth / 1000)


def calibration(scores, rate=0.01, review=None):
    review = max(rate, 0.05) if review is None else review
    return Calibration(scores=tuple(scores), pixel_threshold=0.0, false_reject_rate=rate, review_rate=review)


@given(score_lists, finite)
def test_p_value_counts_scores_at_least_as_high(scores, score):
    expected = (1 + sum(s >= score for s in scores)) / (len(scores) + 1)
    assert calibration(scores).p_value(score) == expected


@given(score_lists, rates)
def test_needed_is_the_smallest_count_that_keeps_the_rate(scores, rate):
    needed = calibration(scores, rate).needed()
    assert calibration(range(needed), rate).threshold().keeps_rate
    assert needed == 1 or not calibration(range(needed - 1), rate).threshold().keeps_rate


@given(score_lists, rates, finite)
def test_verdict_and_p_value_agree(scores, rate, score):
    judge = calibration(scores, rate)
    threshold = judge.threshold()
    bound = rate if threshold.keeps_rate else threshold.guaranteed_rate
    if score not in scores:
        assert (judge.verdict(score) == "NG") == (judge.p_value(score) <= bound)
    assert (judge.verdict(score) == "NG") == (score > threshold.score)


@given(score_lists, rates, rates, finite)
def test_review_lies_between_ok_and_ng(scores, one, other, score):
    reject, review = sorted((one, other))
    judge = calibration(scores, reject, review)
    assert judge.review_threshold().score <= min(judge.threshold().score, judge.threshold(review).score)
    stands_out = score > judge.review_threshold().score
    assert judge.verdict(score) == (
        "NG" if score > judge.threshold(reject).score else "REVIEW" if stands_out else "OK"
    )
    without_review = calibration(scores, reject, reject)
    assert without_review.verdict(score) == ("NG" if judge.verdict(score) == "NG" else "OK")


@pytest.mark.parametrize("count", [2, 9, 19, 31, 38])
def test_few_pictures_leave_a_rank_to_review(count):
    judge = calibration(range(count))
    assert judge.threshold().score == judge.threshold(0.05).score == count - 1
    found = judge.review_threshold()
    assert (found.score, found.guaranteed_rate) == (count - 2, 2 / (count + 1))
    assert not found.keeps_rate
    assert judge.verdict(count - 1.5) == "REVIEW"
    # Who asks for one rate asks for no REVIEW.
    alone = calibration(range(count), 0.05, 0.05)
    assert alone.review_threshold() == alone.threshold()
    assert alone.verdict(count - 1.5) == "OK"


def test_one_score_leaves_no_rank_to_review():
    assert calibration([3.0]).review_threshold().score == 3.0


def test_where_the_rates_lie_apart_review_has_what_it_asks_for():
    for count in (39, 99, 209):
        judge = calibration(range(count))
        assert judge.review_threshold() == judge.threshold(0.05)
        assert judge.review_threshold().keeps_rate


@given(st.integers(1, 400), rates, rates)
def test_needed_for_review_is_enough_from_there_on(more, one, other):
    reject, review = sorted((one, other))
    if one == other:
        assert calibration([0.0], one, one).needed_for_review() == calibration([0.0], one).needed()
        return
    needed = calibration([0.0], reject, review).needed_for_review()
    judge = calibration(range(needed + more - 1), reject, review)
    assert judge.review_threshold().keeps_rate
    if review >= 2 * reject and needed > 2:
        # Two ranks are needed and they are enough: it is the smallest number, too.
        assert not calibration(range(needed - 1), reject, review).review_threshold().keeps_rate


@given(score_lists, score_lists, rates, rates)
def test_a_measured_calibration_takes_regions_from_the_peaks(scores, maxima, one, other):
    reject, review = sorted((one, other))
    rng = np.random.default_rng(len(scores))
    judge = Calibration.measured(
        rng.permutation(scores), rng.permutation(maxima), false_reject_rate=reject, review_rate=review
    )
    assert judge.scores == tuple(sorted(scores))
    assert {type(value) for value in (*judge.scores, judge.pixel_threshold)} == {float}
    assert judge.pixel_threshold == calibration(maxima).threshold(review).score


def test_other_rates():
    judge = calibration(range(99), 0.01, 0.05)
    assert judge.with_rates() == judge
    assert judge.with_rates(review_rate=0.1) == calibration(range(99), 0.01, 0.1)
    assert judge.with_rates(false_reject_rate=0.02) == calibration(range(99), 0.02, 0.05)
    # NG leaves no room for REVIEW.
    assert judge.with_rates(false_reject_rate=0.1) == calibration(range(99), 0.1, 0.1)
    with pytest.raises(ValueError, match="at least the false reject rate"):
        judge.with_rates(false_reject_rate=0.1, review_rate=0.05)


@pytest.mark.parametrize(("n", "rate"), [(19, 0.05), (99, 0.01), (100, 0.07), (250, 0.1), (9, 0.01)])
def test_a_new_good_picture_is_rejected_at_most_at_the_guaranteed_rate(n, rate):
    # Of n + 1 exchangeable pictures each is equally likely the new one: leaving out each in turn gives
    # the exact probability.
    scores = np.random.default_rng(n).gumbel(size=n + 1)
    rejected = 0
    for new in range(n + 1):
        judge = calibration(sorted(np.delete(scores, new).tolist()), rate)
        rejected += judge.verdict(float(scores[new])) == "NG"
    assert rejected / (n + 1) == judge.threshold().guaranteed_rate


@given(score_lists, score_lists, finite)
def test_a_threshold_that_is_put_somewhere_is_the_highest_one_there(own, others, score):
    judge = Calibration(own, 0.0, out_of_fold=others)
    attainable = {judge.threshold(step / 2000).score for step in range(1, 2000)} | {
        judge.threshold(judge.rate_above(one)).score for one in own + others
    }
    found = judge.threshold(judge.rate_above(score)).score
    below = [one for one in attainable if one <= score]
    assert found == (max(below) if below else min(attainable))


def test_both_sets_say_what_rate_a_score_of_a_cross_fitted_model_stands_for():
    judge = Calibration((1.0, 2.0, 3.0), 0.0, out_of_fold=(10.0, 11.0, 12.0))
    # The own three say 2/4, all six say 5/7, which both keep.
    assert judge.rate_above(2.5) == 0.714286
    assert judge.threshold(judge.rate_above(2.5)).score == 2.0
    assert judge.threshold(judge.rate_above(11.5)).score == 11.0
    assert judge.threshold(judge.rate_above(99.0)).score == 12.0
    assert judge.threshold(judge.rate_above(-9.0)).score == 1.0


@pytest.mark.parametrize(("own", "sisters"), [(25, 75), (5, 15), (12, 36)])
def test_review_keeps_its_guarantee_beside_sisters(own, sisters):
    # Of own + 1 exchangeable pictures each is equally likely the new one, whatever the sisters' scores are.
    rng = np.random.default_rng(own)
    for _ in range(20):
        scores, others = rng.gumbel(size=own + 1), tuple(np.sort(rng.gumbel(size=sisters)).tolist())
        stopped = 0
        for new in range(own + 1):
            kept = tuple(np.sort(np.delete(scores, new)).tolist())
            judge = Calibration(kept, 0.0, out_of_fold=others)
            assert judge.review_threshold().score < judge.threshold().score
            stopped += judge.verdict(float(scores[new])) != "OK"
        assert stopped / (own + 1) <= judge.review_threshold().guaranteed_rate == 2 / (own + 1)


def test_needed_of_common_rates():
    judge = calibration([0.0])
    assert [judge.needed(rate) for rate in (0.1, 0.05, 0.01, 0.001)] == [9, 19, 99, 999]
    assert judge.needed() == 99
    assert judge.needed_for_review() == 39


def test_threshold_of_another_rate():
    judge = calibration(range(99))
    assert (judge.threshold().score, judge.threshold(0.1).score) == (98, 89)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration([1.0], rate)
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration([1.0], review=rate)
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration([1.0]).threshold(rate)


def test_no_pictures_are_no_calibration():
    with pytest.raises(ValueError, match="at least one, with"):
        Calibration.measured([], [])
    with pytest.raises(ValueError, match="finite"):
        Calibration.measured([1.0, 2.0], [2.0, math.nan])


@pytest.mark.parametrize(
    ("scores", "message"), [((), "at least one"), ((2.0, 1.0), "ascending"), ((1.0, math.nan), "finite")]
)
def test_impossible_scores_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        calibration(scores)


@given(score_lists, score_lists, rates, finite)
def test_sisters_scores_only_make_it_stricter_and_leave_the_guarantee(own, others, rate, score):
    alone = calibration(own, rate)
    both = Calibration(own, 0.0, rate, max(rate, 0.05), out_of_fold=others)
    everyone = tuple(sorted(own + others))
    threshold = both.threshold()
    assert threshold.score == max(alone.threshold().score, calibration(everyone, rate).threshold().score)
    assert threshold.guaranteed_rate == alone.threshold().guaranteed_rate
    assert threshold.expected_rate <= threshold.guaranteed_rate
    assert both.p_value(score) == calibration(everyone).p_value(score)
    if both.verdict(score) == "NG" and len(everyone) >= both.needed():
        assert both.p_value(score) <= rate


@given(score_lists, score_lists, score_lists, rates)
def test_regions_of_a_cross_fitted_model(scores, maxima, out_of_fold_maxima, rate):
    judge = Calibration.measured(
        scores,
        maxima,
        out_of_fold=scores,
        out_of_fold_maxima=out_of_fold_maxima,
        false_reject_rate=rate / 2,
        review_rate=rate,
    )
    assert judge.out_of_fold == judge.scores
    expected = Calibration(maxima, 0.0, rate, rate, out_of_fold=out_of_fold_maxima).threshold().score
    assert judge.pixel_threshold == expected


def test_sisters_scores_are_checked():
    with pytest.raises(ValueError, match="others must be ascending"):
        Calibration((1.0,), 0.0, out_of_fold=(2.0, 1.0))
    with pytest.raises(ValueError, match="finite"):
        Calibration.measured([1.0], [1.0], out_of_fold=[1.0], out_of_fold_maxima=[math.inf])
