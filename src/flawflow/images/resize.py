"""Other sizes: Lanczos for pictures, bilinear for anomaly maps, and for masks whatever loses nothing.

Sizes are (height, width). Pixels are areas: the corners of the two grids meet, the centres of the corner
pixels do not (elsewhere called `align_corners=False`).
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_MAX_RATIO_DIFFERENCE = 0.02
# Sides of 2 and 2.5 gained by their proportions, those of 4:3 did not (docs/accuracy.md).
_LONG = 1.5


def resize_image(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture with a Lanczos filter, widened when shrinking; the aspect ratio is not kept.

    Args:
        picture: uint8 (H, W, 3).
        size: The new (height, width).

    Returns:
        uint8 (*size, 3).
    """
    return np.array(_resized(picture, size, Image.Resampling.LANCZOS), dtype=np.uint8)


def resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Resize a mask so that nothing that was drawn vanishes or breaks.

    Shrinking, a new pixel is set where any old one is whose centre lies in it; growing, each new pixel takes
    the old one in which its own centre lies.

    Regions closer than a new pixel may join; `flawflow.metrics` measures masks at their own size instead.

    Args:
        mask: bool (H, W).
        size: The new (height, width).

    Returns:
        bool of shape `size`.
    """
    (rows, row_cells), (columns, column_cells) = map(lines_and_cells, mask.shape, size)
    down, across = np.nonzero(mask[np.ix_(rows, columns)])
    resized = np.zeros(size, np.bool_)
    resized[row_cells[down], column_cells[across]] = True
    return resized


def proportional_size(side: int, picture: tuple[int, int], multiple: int) -> tuple[int, int]:
    """About as many pixels as a square has, in the proportions of a picture that is clearly longer one way.

    Args:
        side: Of the square, in pixels.
        picture: (H, W), of which only the proportions count.
        multiple: What height and width are whole multiples of, one at least.

    Returns:
        (height, width); the square itself where no side is one and a half times the other.

    >>> proportional_size(256, (647, 256), 16), proportional_size(250, (480, 640), 16)
    ((400, 160), (250, 250))
    """
    if max(picture) < _LONG * min(picture):
        return side, side
    stretch = math.sqrt(picture[0] / picture[1])
    height, width = (max(1, round(length / multiple)) for length in (side * stretch, side / stretch))
    return height * multiple, width * multiple


def has_shape_of(mask: tuple[int, int], picture: tuple[int, int]) -> bool:
    """Whether a mask of one (H, W) can be laid over a picture of another.

    Their proportions may differ by 2 %, or by what rounding to whole pixels makes of the same ones.
    """
    off = abs(mask[0] * picture[1] - mask[1] * picture[0])
    return off <= max(_MAX_RATIO_DIFFERENCE * mask[1] * picture[0], *picture)


def lines_and_cells(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of `old` lines of pixels belong to which of `new` lines, every one of either kind at least once.

    Shrinking, each old line belongs to the new one in which its centre lies; growing, each new line takes the
    old one in which its own centre lies; on an edge, the later.

    >>> [lines.tolist() for lines in lines_and_cells(4, 2)]
    [[0, 1, 2, 3], [0, 0, 1, 1]]
    >>> [lines.tolist() for lines in lines_and_cells(2, 3)]
    [[0, 1, 1], [0, 1, 2]]

    Returns:
        Two int64 arrays of length max(old, new): lines of the old picture, ascending, and of the new one.
    """
    more = np.arange(max(old, new))
    # In whole numbers: floats err where a centre lies on an edge.
    fewer = (2 * more + 1) * min(old, new) // (2 * len(more))
    return (more, fewer) if old >= new else (fewer, more)


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
