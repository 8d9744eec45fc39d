"""A handful of numbers that tell how a picture was taken: light, focus, colour, place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_LEVELS = np.arange(256, dtype=np.float64)
# Differences over so many pixels survive a slight blur; those of neighbours do not.
_FAR_PIXELS = 4
_MIN_DEVIATION = 1e-6
_DIGITS = 6


@dataclass(frozen=True)
class ImageStatistics:
    """How a picture was taken, without regard to what it shows.

    Attributes:
        brightness: Mean luma, from 0 (black) to 1 (white).
        contrast: Deviation of the luma in parts of its mean; brighter light alone leaves it as it is.
        sharpness: Mean difference of neighbouring pixels in parts of that of pixels four apart; neither light
            nor contrast change it, blur lowers it, and noise raises it.
        red: Share of red in the colour, about 1/3 in grey.
        blue: Share of blue.
        across: Where the edges lie, from 0 (left) to 1 (right).
        down: From 0 (top) to 1 (bottom).
    """

    brightness: float
    contrast: float
    sharpness: float
    red: float
    blue: float
    across: float
    down: float


def image_statistics(picture: NDArray[np.uint8], roi_mask: NDArray[np.bool_]) -> ImageStatistics:
    """Measure a picture.

    Args:
        picture: uint8 (H, W, 3), RGB. Pictures that are to be compared have one size.
        roi_mask: bool (H, W), which pixels count; one at least.

    Returns:
        The statistics, each rounded to six decimals, so that equal pictures are equal.
    """
    image = Image.fromarray(picture)
    grey = image.convert("L")
    # Pillow counts levels much faster than numpy adds up what a mask leaves.
    mask = None if roi_mask.all() else Image.fromarray(roi_mask.view(np.uint8))
    red, green, blue = np.reshape(image.histogram(mask), (3, 256)) @ _LEVELS
    counts = np.array(grey.histogram(mask))
    mean = float(counts @ _LEVELS / counts.sum())
    deviation = float(np.sqrt(counts @ (_LEVELS - mean) ** 2 / counts.sum()))
    levels = np.asarray(grey, np.float32)
    counting = None if mask is None else roi_mask.astype(np.float32)
    near, place = _edges(levels, counting, 1)
    far, _ = _edges(levels, counting, _FAR_PIXELS)
    total = max(float(red + green + blue), _MIN_DEVIATION)
    found = (
        mean / 255,
        deviation / max(mean, _MIN_DEVIATION),
        near / max(far, _MIN_DEVIATION),
        float(red) / total,
        float(blue) / total,
        *place,
    )
    return ImageStatistics(*(round(number, _DIGITS) for number in found))


def _edges(
    grey: NDArray[np.float32], counting: NDArray[np.float32] | None, step: int
) -> tuple[float, tuple[float, float]]:
    """Mean difference of pixels that are `step` apart, both of which count, and where it lies."""
    total, pairs, across, down = 0.0, 0.0, 0.0, 0.0
    for axis in (0, 1):
        if grey.shape[axis] <= step:
            continue
        difference = np.abs(_later(grey, step, axis) - _earlier(grey, step, axis))
        if counting is None:
            pairs += difference.size
        else:
            both = _later(counting, step, axis) * _earlier(counting, step, axis)
            difference *= both
            pairs += float(both.sum())
        # Sums as products: they run many times faster.
        height, width = difference.shape
        columns = np.ones(height, np.float32) @ difference
        rows = difference @ np.ones(width, np.float32)
        total += float(columns.sum())
        across += float(columns @ _places(width, grey.shape[1]))
        down += float(rows @ _places(height, grey.shape[0]))
    place = (across / total, down / total) if total > _MIN_DEVIATION else (0.5, 0.5)
    return total / max(pairs, 1.0), place


def _later(values: NDArray[np.float32], step: int, axis: int) -> NDArray[np.float32]:
    return values[step:] if axis == 0 else values[:, step:]


def _earlier(values: NDArray[np.float32], step: int, axis: int) -> NDArray[np.float32]:
    return values[:-step] if axis == 0 else values[:, :-step]


def _places(count: int, side: int) -> NDArray[np.float32]:
    """Where `count` places, centred in a side of so many pixels, lie from 0 to 1."""
    return ((np.arange(count, dtype=np.float32) + 0.5 * (1 + side - count)) / side).astype(np.float32)
