"""Connected regions of a mask, in numpy alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def label(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Number the 8-connected regions of a mask.

    The mask is cut into horizontal runs of set pixels; runs that touch the row above, corners
    included, are joined. All steps work on whole arrays, so the cost follows the number of
    runs and not that of pixels.

    Args:
        mask: (H, W) bool, True where a pixel belongs to a region.

    Returns:
        (H, W) int32 with 0 outside every region and 1 … count inside, and the count. Regions are
        numbered in the order in which a scan by rows meets them.

    Raises:
        ValueError: The mask is not two-dimensional.

    Examples:
        >>> label(np.array([[1, 0, 0, 1], [0, 1, 0, 1]], dtype=bool))[0].tolist()
        [[1, 0, 0, 2], [0, 1, 0, 2]]
    """
    runs = find_runs(mask)
    labels = np.zeros(mask.shape, dtype=np.int32)
    labels[mask.astype(np.bool_, copy=False)] = np.repeat(runs.owners + 1, runs.ends - runs.starts)
    return labels, runs.count


@dataclass(frozen=True)
class Runs:
    """Horizontal runs of set pixels, in the order of a scan by rows.

    Attributes:
        rows: The row of each run, (N,).
        starts: Its first column, (N,).
        ends: Its last column and one, (N,).
        owners: The number of its 8-connected region, (N,) int32 in 0 … count - 1; a scan meets the regions
            in the order of their numbers.
        count: How many regions there are.
    """

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    owners: NDArray[np.int32]
    count: int


def find_runs(mask: NDArray[np.bool_]) -> Runs:
    """Cut the regions of a mask, (H, W) bool, into runs; see `label`.

    Raises:
        ValueError: The mask is not two-dimensional.
    """
    if mask.ndim != 2:
        raise ValueError(f"Expected a mask of shape (H, W); got {mask.shape}.")
    stride = mask.shape[1] + 1
    starts, ends = _runs(mask.astype(np.bool_, copy=False))
    roots = _join(len(starts), *_contacts(starts, ends, stride=stride))
    # A root is its region's first run, so the rank among roots is the order of the scan.
    is_root = roots == np.arange(len(roots))
    owners = np.cumsum(is_root, dtype=np.int32)[roots] - np.int32(1)
    rows = starts // stride
    return Runs(rows, starts - rows * stride, ends - rows * stride, owners, int(is_root.sum()))


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where runs start and end (exclusive), in positions of the flattened mask of H × (W + 1).

    The extra column is empty: it ends a run at the right edge and keeps rows from touching.
    """
    height, width = mask.shape
    padded = np.zeros(1 + height * (width + 1), dtype=np.bool_)
    padded[1:].reshape(height, width + 1)[:, :width] = mask
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    return changes[0::2], changes[1::2]


def _contacts(
    starts: NDArray[np.intp], ends: NDArray[np.intp], *, stride: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (run, run in the row above that it touches), corners included."""
    first = np.searchsorted(ends, starts - stride, side="left")
    last = np.searchsorted(starts, ends - stride, side="right")
    counts = np.maximum(last - first, 0)
    lower = np.repeat(np.arange(len(starts)), counts)
    offsets = np.arange(len(lower)) - np.repeat(np.cumsum(counts) - counts, counts)
    return lower, np.repeat(first, counts) + offsets


def _join(count: int, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
    """The smallest member of each node's connected set, by hooking roots and halving paths."""
    parents = np.arange(count)
    while len(one):
        np.minimum.at(parents, np.maximum(one, other), np.minimum(one, other))
        while True:
            grandparents = parents[parents]
            if np.array_equal(grandparents, parents):
                break
            parents = grandparents
        one, other = parents[one], parents[other]
        apart = one != other
        one, other = one[apart], other[apart]
    return parents
