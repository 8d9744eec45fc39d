"""What one picture adds to the measures: areas of good and of defect pixels at levels of their scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.metrics import curve
from flawflow.metrics.shares import shares_of

_SIGN = np.uint32(0x80000000)
# Sign, exponent and 7 bits of the fraction: scores within 0.8 % of each other count as equal, which moves a
# measure by far less than other pictures do.
_DROPPED_BITS = 16


@dataclass(frozen=True)
class ImageCounts:
    """What one picture adds to the measures.

    Attributes:
        name: By which the same picture is found in another detector's counts.
        is_defective: The truth.
        score: Of the picture.
        levels: (K,) int64, ascending, of the map's scores.
        good: (K,) area of good pixels at each level; empty where the map or its mask is not known.
        defect: (K,) area of defect pixels.
        overlap: (K,) the regions' parts at each level, summed over regions; sums to `regions`.
        regions: Number of defect regions.
    """

    name: str
    is_defective: bool
    score: float
    levels: NDArray[np.int64]
    good: curve.Floats
    defect: curve.Floats
    overlap: curve.Floats
    regions: int


def counts_of(
    name: str,
    is_defective: bool,
    score: float,
    anomaly_map: NDArray[np.float32] | None,
    mask: NDArray[np.bool_] | None,
) -> ImageCounts:
    """Count one picture, as `PixelMeasures` lays its mask (H', W') over its map (H, W)."""
    if anomaly_map is None or (is_defective and mask is None):
        nothing = np.zeros(0)
        return ImageCounts(name, is_defective, score, np.zeros(0, np.int64), nothing, nothing, nothing, 0)
    distinct, at = np.unique(ordered_levels(anomaly_map, _DROPPED_BITS).ravel(), return_inverse=True)
    shares = shares_of(np.zeros(anomaly_map.shape, bool) if mask is None else mask, anomaly_map.shape)

    def counted(cells: NDArray[np.integer], areas: curve.Floats) -> curve.Floats:
        return np.bincount(at[cells], areas, len(distinct)).astype(np.float64)

    return ImageCounts(
        name=name,
        is_defective=is_defective,
        score=score,
        levels=distinct.astype(np.int64),
        good=counted(np.arange(at.size), shares.good),
        defect=counted(shares.cells, shares.areas),
        overlap=counted(shares.cells, shares.of_region),
        regions=shares.regions,
    )


def ordered_levels(scores: NDArray[np.float32], dropped_bits: int) -> NDArray[np.uint32]:
    """The level of each score: scores that share their upper bits. Levels are ordered as the scores are."""
    # Adding zero makes the negative zero, which has a level of its own, a positive one.
    bits = np.ascontiguousarray(scores + np.float32(0), np.float32).view(np.uint32)
    # Negative floats rise with falling bits, and all of them lie below the positive ones.
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    levels: NDArray[np.uint32] = ordered >> np.uint32(dropped_bits)
    return levels
