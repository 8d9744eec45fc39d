"""Where a picture is wrong: connected regions of an anomaly map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.judge.components import label


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
    labels, count = label(mask)
    rows, columns = np.nonzero(mask)
    owners = labels[rows, columns] - 1
    areas = np.bincount(owners, minlength=count)
    peaks = np.full(count, -np.inf, np.float32)
    np.maximum.at(peaks, owners, anomaly_map[rows, columns])
    boxes = _boxes(rows, columns, owners, count)
    centroids = np.stack([np.bincount(owners, columns) / areas, np.bincount(owners, rows) / areas], axis=1)
    return tuple(
        Region(box=tuple(box), area=area, peak=peak, centroid=tuple(centroid))
        for box, area, peak, centroid in zip(
            *(
                values[np.argsort(-peaks, kind="stable")].tolist()
                for values in (boxes, areas, peaks, centroids)
            ),
            strict=True,
        )
    )


def _boxes(
    rows: NDArray[np.intp], columns: NDArray[np.intp], owners: NDArray[np.int32], count: int
) -> NDArray[np.intp]:
    """The box (left, top, right, bottom) of each of `count` regions, from their pixels: (count, 4)."""
    low = np.full((2, count), np.iinfo(np.intp).max)
    high = np.zeros((2, count), np.intp)
    for axis, values in enumerate((columns, rows)):
        np.minimum.at(low[axis], owners, values)
        np.maximum.at(high[axis], owners, values + 1)
    return np.concatenate([low, high]).T
