import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flawflow.metrics.counts import ordered_levels


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2))
def test_levels_keep_the_order_of_scores(values: list[float]):
    scores = np.sort(np.array(values, np.float32))
    assert (np.diff(ordered_levels(scores, 16).astype(np.int64)) >= 0).all()
    zeros = ordered_levels(np.array([-0.0, 0.0], np.float32), 16)
    assert zeros[0] == zeros[1]
