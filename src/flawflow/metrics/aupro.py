"""AUPRO: the area under the per-region overlap, where every defect counts the same whatever its size."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from flawflow.metrics.pixel_result import FPR_LIMIT
from flawflow.metrics.pixels import PixelMeasures


def aupro(
    maps: Iterable[NDArray[np.floating]],
    masks: Iterable[NDArray[np.bool_]],
    *,
    fpr_limit: float = FPR_LIMIT,
) -> float:
    """Mean per-region overlap over false positive rates up to a limit, over all thresholds.

    `PixelMeasures` states the definition; it also takes pictures one by one.

    Args:
        maps: (H, W) finite floats a picture, higher is more anomalous; sizes may differ.
        masks: bool a picture, True on defects, all False for a good picture; a mask may have another size
            than its map.
        fpr_limit: Upper end of the false positive rates, in (0, 1].

    Returns:
        A value in [0, 1].

    Raises:
        MetricError: There is no defect region or no good pixel.

    Examples:
        >>> aupro([np.array([[0.1, 0.9], [0.2, 0.1]])], [np.array([[False, True], [False, False]])])
        1.0
    """
    measures = PixelMeasures(fpr_limit=fpr_limit)
    for anomaly_map, mask in zip(maps, masks, strict=True):
        measures.update(anomaly_map, mask)
    return measures.result().aupro
