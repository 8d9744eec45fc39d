"""Other sizes: Lanczos for pictures, nearest for masks, bilinear for anomaly maps.

Sizes are (height, width). Pixels are areas: the corners of the two grids meet, the centres of the corner
pixels do not (elsewhere called `align_corners=False`).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize_picture(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture with a Lanczos filter, widened when shrinking; the aspect ratio is not kept.

    Args:
        picture: uint8 (H, W, 3).
        size: The new (height, width).

    Returns:
        uint8 (*size, 3).
    """
    return np.array(_resized(picture, size, Image.Resampling.LANCZOS), dtype=np.uint8)


def resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Resize a mask: each new pixel takes the old one in which its centre lies (on an edge, the later).

    Args:
        mask: bool (H, W).
        size: The new (height, width).

    Returns:
        bool of shape `size`.
    """
    # In whole numbers, not by Pillow: its running sum of floats errs where a centre lies on an edge.
    height, width = mask.shape
    rows = (2 * np.arange(size[0]) + 1) * height // (2 * size[0])
    columns = (2 * np.arange(size[1]) + 1) * width // (2 * size[1])
    return mask[np.ix_(rows, columns)]


def resize_map(anomaly_map: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize an anomaly map linearly: between old pixels when growing, as a weighted mean when shrinking.

    No new value leaves the range of the old ones, not by rounding either.

    Args:
        anomaly_map: float32 (H, W).
        size: The new (height, width).

    Returns:
        float32 of shape `size`, read-only.
    """
    # Without a copy of what Pillow hands over: writing fresh memory costs more than resizing.
    return np.asarray(_resized(anomaly_map, size, Image.Resampling.BILINEAR))


def _resized(
    array: NDArray[np.uint8] | NDArray[np.float32], size: tuple[int, int], filtering: Image.Resampling
) -> Image.Image:
    height, width = size
    return Image.fromarray(np.ascontiguousarray(array)).resize((width, height), filtering)
