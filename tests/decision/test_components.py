"""The regions of a mask are those that scipy finds, under the same numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import ndimage

from flawflow.decision.components import label


def same_as_scipy(mask: NDArray[np.bool_]) -> None:
    labels, count = label(mask)
    expected, expected_count = ndimage.label(mask, structure=np.ones((3, 3)))
    assert labels.dtype == np.int32
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected)


def spiral(size: int) -> NDArray[np.bool_]:
    """One long arm, a pixel wide with a pixel's gap: the longest way from end to end."""
    mask = np.zeros((size, size), dtype=bool)
    row, column, step, turn = 0, 0, size - 1, 0
    mask[0, 0] = True
    directions = ((0, 1), (1, 0), (0, -1), (-1, 0))
    while step > 0:
        for _ in range(step):
            row, column = row + directions[turn % 4][0], column + directions[turn % 4][1]
            mask[row, column] = True
        turn += 1
        if turn >= 3 and turn % 2 == 1:
            step -= 2
    return mask


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_any_small_mask(mask: NDArray[np.bool_]) -> None:
    same_as_scipy(mask)


@pytest.mark.parametrize("density", [0.02, 0.1, 0.3, 0.4, 0.5, 0.7, 0.95])
def test_noise(rng: np.random.Generator, density: float) -> None:
    same_as_scipy(rng.random((190, 233)) < density)


def test_shapes_that_join_late() -> None:
    comb = np.zeros((64, 129), dtype=bool)
    comb[:, ::2] = True
    comb[-1] = True
    for mask in (comb, comb.T, comb[::-1], spiral(63), spiral(63)[::-1, ::-1]):
        same_as_scipy(mask)
        assert label(mask)[1] == 1


def test_checkerboard_is_one_region() -> None:
    assert label(np.indices((30, 31)).sum(axis=0) % 2 == 0)[1] == 1


def test_rows_do_not_touch_around_the_edge() -> None:
    mask = np.zeros((3, 4), dtype=bool)
    mask[0, 3] = mask[1, 0] = True
    assert label(mask)[1] == 2


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (4, 6)])
def test_nothing_set(shape: tuple[int, int]) -> None:
    labels, count = label(np.zeros(shape, dtype=bool))
    assert count == 0
    assert labels.shape == shape
    assert not labels.any()


def test_all_set() -> None:
    same_as_scipy(np.ones((5, 7), dtype=bool))


def test_a_view_with_strides(rng: np.random.Generator) -> None:
    same_as_scipy((rng.random((40, 60)) < 0.4)[::-2, ::3])


def test_only_two_dimensions() -> None:
    with pytest.raises(ValueError, match=r"\(H, W\); got \(2, 2, 2\)"):
        label(np.ones((2, 2, 2), dtype=bool))
