import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.judge.calibration import Calibration
from flawflow.station.errors import ValueRefusedError
from flawflow.station.rates import rated

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
