"""The part of a picture that counts, as a model card keeps it: the lengths of its runs."""

import numpy as np
from numpy.typing import NDArray


def encode_run_lengths(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """Write a mask as run lengths.

    Args:
        mask: bool (H, W), True where a pixel counts.

    Returns:
        Lengths of runs of pixels, row by row, that do not count and that count in turn; the first are pixels
        that do not count, and may be none.

    >>> encode_run_lengths(np.array([[True, True], [False, True]]))
    (0, 2, 1, 1)
    """
    changes = np.flatnonzero(np.diff(mask.ravel(), prepend=False, append=not mask.flat[-1]))
    return tuple(np.diff(changes, prepend=0).tolist())


def decode_run_lengths(runs: tuple[int, ...], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read what `encode_run_lengths` wrote for a mask of `size` (H, W); without runs every pixel counts.

    >>> decode_run_lengths((0, 2, 1, 1), (2, 2)).tolist(), decode_run_lengths((), (1, 2)).tolist()
    ([[True, True], [False, True]], [[True, True]])
    """
    if not runs:
        return np.ones(size, np.bool_)
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(size)


def check_run_lengths(runs: tuple[int, ...], size: tuple[int, int]) -> None:
    """Refuse what no mask of `size` (H, W) with a pixel that counts is written as.

    Raises:
        ValueError: When the runs are those of no such mask.
    """
    if runs and (runs[0] < 0 or min(runs[1:], default=0) < 1 or sum(runs) != size[0] * size[1]):
        raise ValueError(
            f"interest must be the run lengths of a mask of {size[0]} × {size[1]} pixels, some of which count"
        )
