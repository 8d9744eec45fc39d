"""Where a picture is wrong: connected regions of an anomaly map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.components import Runs, find_runs


@dataclass(frozen=True)
class Region:
    """One 8-connected region of pixels above the pixel threshold.

    Attributes:
        box: (left, top, right, bottom) in pixels of the map; right and bottom are exclusive.
        area: Number of pixels.
        peak: Largest map value inside.
        centroid: (x, y), the mean of the region's pixel indices.
    """

    box: tuple[int, int, int, int]
    area: int
    peak: float
    centroid: tuple[float, float]


def find_regions(anomaly_map: NDArray[np.float32], threshold: float) -> tuple[Region, ...]:
    """Find the 8-connected regions where the map is above a threshold.

    Args:
        anomaly_map: float32 (H, W), higher is more anomalous.
        threshold: A pixel belongs to a region when its value is greater than this.

    Returns:
        The regions by falling peak; among equal peaks the one met first, row by row, comes first.
    """
    # Most pictures are good: this one pass is all they cost.
    if not anomaly_map.size or not anomaly_map.max() > threshold:
        return ()
    mask = anomaly_map > threshold
    # By runs and not by pixels, of which there are many times as many.
    runs = find_runs(mask)
    owners, count = runs.owners, runs.count
    lengths = runs.ends - runs.starts
    areas = np.bincount(owners, lengths, minlength=count)
    peaks = np.full(count, -np.inf, np.float32)
    np.maximum.at(peaks, owners, np.maximum.reduceat(anomaly_map[mask], np.cumsum(lengths) - lengths))
    # Twice the sum of a run's columns, so that all sums are of whole numbers, which are exact.
    across = np.bincount(owners, (runs.starts + runs.ends - 1) * lengths) / 2
    down = np.bincount(owners, runs.rows * lengths)
    centroids = np.stack([across / areas, down / areas], axis=1)
    return tuple(
        Region(box=tuple(box), area=area, peak=peak, centroid=tuple(centroid))
        for box, area, peak, centroid in zip(
            *(
                values[np.argsort(-peaks, kind="stable")].tolist()
                for values in (_boxes(runs), areas.astype(np.intp), peaks, centroids)
            ),
            strict=True,
        )
    )


def highest_position(anomaly_map: NDArray[np.float32], background: float) -> Region:
    """Find the place of a map that stands out most, whatever its height.

    Args:
        anomaly_map: float32 (H, W), not empty; higher is more anomalous.
        background: The value of places that do not stand out.

    Returns:
        The region around the largest value, down to halfway to `background`; at least that value's pixels.
    """
    peak = anomaly_map.max()
    return find_regions(anomaly_map, min((background + float(peak)) / 2, float(np.nextafter(peak, -np.inf))))[
        0
    ]


def _boxes(runs: Runs) -> NDArray[np.intp]:
    """The box (left, top, right, bottom) of each region, from its runs: (count, 4)."""
    low = np.full((2, runs.count), np.iinfo(np.intp).max)
    high = np.zeros((2, runs.count), np.intp)
    for axis, (first, end) in enumerate(((runs.starts, runs.ends), (runs.rows, runs.rows + 1))):
        np.minimum.at(low[axis], runs.owners, first)
        np.maximum.at(high[axis], runs.owners, end)
    return np.concatenate([low, high]).T
