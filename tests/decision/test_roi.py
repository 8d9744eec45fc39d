import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from flawflow.decision.roi import check_run_lengths, decode_run_lengths, encode_run_lengths

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)).filter(np.any)


@given(masks)
def test_runs_come_back_as_the_mask(mask):
    runs = encode_run_lengths(mask)
    assert all(type(length) is int for length in runs)
    check_run_lengths(runs, mask.shape)
    assert np.array_equal(decode_run_lengths(runs, mask.shape), mask)


def test_no_runs_are_the_whole_picture():
    check_run_lengths((), (2, 3))
    assert decode_run_lengths((), (2, 3)).all()


@pytest.mark.parametrize("runs", [(6,), (-1, 7), (1, 4), (1, 6), (0, 3, 0, 3), (2, -1, 5)])
def test_what_is_no_mask_is_refused(runs):
    with pytest.raises(ValueError, match="interest must be the run lengths of a mask of 2 × 3"):
        check_run_lengths(runs, (2, 3))


@given(st.lists(st.integers(-3, 6), max_size=6).map(tuple))
def test_what_is_accepted_is_a_mask_with_a_pixel_that_counts(runs):
    try:
        check_run_lengths(runs, (2, 3))
    except ValueError:
        return
    mask = decode_run_lengths(runs, (2, 3))
    assert mask.shape == (2, 3)
    assert mask.any()
    assert encode_run_lengths(mask) == runs or not runs
