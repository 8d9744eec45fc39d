"""How much of each pixel of a map lies in each region of a mask, whatever the mask's own size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.components import label
from flawflow.images.resize import lines_and_cells


@dataclass(frozen=True)
class Shares:
    """The defects of one mask as parts of the pixels of a map; a pixel of the map has the area 1.

    Attributes:
        cells: (P,) int64, positions in the flattened map; a pixel stands there once for each region in it.
        areas: (P,) float64 in (0, 1], how much of that pixel the region covers.
        of_region: (P,) float64 in (0, 1], which part of its whole region that is; a region's sum to 1.
        good: (H·W,) float64 in [0, 1], how much of each pixel of the map no region covers; exact at 0 and 1.
        regions: Number of 8-connected regions of the mask, counted at the mask's own size.
    """

    cells: NDArray[np.int64]
    areas: NDArray[np.float64]
    of_region: NDArray[np.float64]
    good: NDArray[np.float64]
    regions: int


def shares_of(mask: NDArray[np.bool_], size: tuple[int, int]) -> Shares:
    """Lay a mask over a map: each of its pixels belongs to the map's pixel in which its centre lies.

    No region is lost, divided or joined with another, however small or thin, since regions are found before
    any size changes. A mask that is smaller than the map is first enlarged to it by nearest neighbour.

    Args:
        mask: (H', W') bool, True on defects.
        size: (H, W) of the map.
    """
    labels, regions = label(mask)
    (rows, row_cells), (columns, column_cells) = map(lines_and_cells, mask.shape, size)
    if len(rows) != mask.shape[0] or len(columns) != mask.shape[1]:
        labels = labels[np.ix_(rows, columns)]
    down, across = np.nonzero(labels)
    pixels = size[0] * size[1]
    # One key for each pair of a region and a pixel of the map.
    keys = (
        (labels[down, across].astype(np.int64) - 1) * pixels
        + row_cells[down] * size[1]
        + column_cells[across]
    )
    pairs, counts = np.unique(keys, return_counts=True)
    region, cells = np.divmod(pairs, pixels)
    whole = np.outer(
        np.bincount(row_cells, minlength=size[0]), np.bincount(column_cells, minlength=size[1])
    ).ravel()
    areas = counts / whole[cells]
    defect = np.bincount(cells, counts, minlength=pixels)
    return Shares(
        cells=cells,
        areas=areas,
        of_region=areas / np.bincount(region, areas, minlength=regions)[region],
        good=(whole - defect) / whole,
        regions=regions,
    )


def cells_of(mask: NDArray[np.bool_], size: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where a mask, taken as one region, lies in a map; see `shares_of`.

    Args:
        mask: bool (H', W').
        size: (H, W) of the map.

    Returns:
        (P,) positions in the flattened map, ascending, and (P,) how many pixels of the mask, or of the mask
        enlarged to the map, lie in each.
    """
    (rows, row_cells), (columns, column_cells) = map(lines_and_cells, mask.shape, size)
    down, across = np.nonzero(mask[np.ix_(rows, columns)])
    cells, counts = np.unique(row_cells[down] * size[1] + column_cells[across], return_counts=True)
    return cells, counts
