"""Saturated per-region overlap (sPRO): of some defects it is enough to find a part.

Bergmann et al., "Beyond Dents and Scratches: Logical Constraints in Unsupervised Anomaly Detection and
Localization" (IJCV 130, 2022), section 5.2. Where a part is missing, all places where it could lie are
marked, and marking as much as the part would take is enough.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.metrics.shares import cells_of


@dataclass(frozen=True, eq=False)
class DefectRegion:
    """One defect of a picture.

    Attributes:
        mask: bool (H, W), True on the defect, which may have several parts.
        saturation: The share of its area, in (0, 1], from which on it counts as found entirely.
    """

    mask: NDArray[np.bool_]
    saturation: float = 1.0


def saturated_shares(
    scores: NDArray[np.float32], size: tuple[int, int], region: DefectRegion
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """What each pixel of a map adds to the saturated overlap of a region as the threshold falls.

    With s the saturation, sPRO(t) = min(|region ∩ {map ≥ t}| / (s·|region|), 1) grows pixel by pixel until
    it is 1; the pixels that come later add nothing. Of one score they add up to the same in any order.

    Args:
        scores: (H·W,) float32, the flattened map.
        size: Its (H, W).
        region: With a mask of any size (see `shares_of`).

    Returns:
        (P,) scores of the map's pixels in the region, descending, and (P,) float64 shares, which sum to 1.
    """
    cells, counts = cells_of(region.mask, size)
    found = scores[cells]
    order = np.argsort(-found, kind="stable")
    whole = float(counts.sum())
    reached = np.minimum(np.cumsum(counts[order]) / (region.saturation * whole), 1.0)
    return found[order], np.diff(reached, prepend=0.0)
