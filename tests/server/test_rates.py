import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.decision.calibration import Calibration
from flawflow.server.errors import ValueRefusedError
from flawflow.server.rates import rated

scores = st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=300)


@given(scores, st.floats(-2e6, 2e6))
def test_a_threshold_becomes_the_largest_score_that_is_not_above_it(scores, moved):
    calibration = Calibration(tuple(sorted(scores)), pixel_threshold=0.0)
    threshold = rated(calibration, ng_threshold=moved).threshold()
    below = [score for score in calibration.scores if score <= moved]
    assert threshold.score == (below[-1] if below else calibration.scores[0])
    # And the rate is one that holds.
    assert threshold.keeps_rate


@given(scores, st.floats(-2e6, 2e6), st.floats(-2e6, 2e6))
def test_both_thresholds_or_a_sentence(scores, ng, review):
    calibration = Calibration(tuple(sorted(scores)), pixel_threshold=0.0)
    if calibration.rate_above(review) < calibration.rate_above(ng):
        with pytest.raises(ValueRefusedError, match="at least the false reject rate"):
            rated(calibration, ng_threshold=ng, review_threshold=review)
        return
    moved = rated(calibration, ng_threshold=ng, review_threshold=review)
    assert moved.review_threshold().score <= moved.threshold().score


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(ValueRefusedError, match="between 0 and 1"):
        rated(Calibration((1.0,), pixel_threshold=0.0), false_reject_rate=1.5)


def test_the_one_that_is_moved_pushes_the_other():
    calibration = Calibration(tuple(map(float, range(1, 100))), pixel_threshold=0.0)
    down = rated(calibration, ng_threshold=80.0, review_rate=0.05, moved="ng")
    assert (down.false_reject_rate, down.review_rate) == (0.2, 0.2)
    up = rated(calibration, review_threshold=98.5, false_reject_rate=0.05, moved="review")
    assert (up.false_reject_rate, up.review_rate) == (0.02, 0.02)
    apart = rated(calibration, review_threshold=90.0, false_reject_rate=0.05, moved="review")
    assert (apart.false_reject_rate, apart.review_rate) == (0.05, 0.1)
    with pytest.raises(ValueRefusedError, match="at least the false reject rate"):
        rated(calibration, false_reject_rate=0.2, review_rate=0.05)


def test_review_that_is_put_where_ng_begins_is_none():
    calibration = Calibration(tuple(map(float, range(31))), pixel_threshold=0.0)
    assert calibration.review_threshold().score == 29.0
    none = rated(calibration, review_threshold=30.0, moved="review")
    assert none.review_threshold() == none.threshold()
    assert none.verdict(29.5) == "OK"
    again = rated(none, review_threshold=29.0, moved="review")
    assert (again.threshold().score, again.review_threshold().score) == (30.0, 29.0)


@given(scores, scores, st.floats(-2e6, 2e6))
def test_a_threshold_of_a_cross_fitted_model_can_be_put_where_it_says(own, others, moved):
    calibration = Calibration(tuple(sorted(own)), pixel_threshold=0.0, out_of_fold=tuple(sorted(others)))
    attainable = calibration.attainable()
    assert all(rated(calibration, ng_threshold=score).threshold().score == score for score in attainable)
    found = rated(calibration, ng_threshold=moved).threshold().score
    below = [score for score in attainable if score <= moved]
    assert found == (below[-1] if below else attainable[0])
