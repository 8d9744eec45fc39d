"""Pictures, maps and masks as a browser gets them: decoded and re-encoded, never the original bytes."""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.errors import ImageError, ImageTooLargeError
from flawflow.images import read_image, read_mask, resize_map
from flawflow.images.encode import jpeg_of, png_of
from flawflow.report.heatmap import colormap_levels, overlay

_JPEG_START = b"\xff\xd8"
_JPEG_QUALITY = 92


def map_png(graph_map: NDArray[np.float32], scale: tuple[float, float]) -> bytes:
    """A map as 8-bit grey PNG: 0 is the scale's low end, 255 its high end."""
    return _grey_png(colormap_levels(graph_map, scale))


def shown(path: Path, *, max_pixels: int, side: int | None = None) -> bytes:
    """A stored picture for a browser: JPEG where it came as one or is made smaller, else PNG.

    Args:
        path: Its file.
        max_pixels: As it was read with.
        side: The longest side that is wanted; None for the picture's own.

    Raises:
        ImageError: The file is damaged.
    """
    with path.open("rb") as file:
        is_jpeg = file.read(2) == _JPEG_START
    image = Image.fromarray(read_image(path, max_pixels=max_pixels))
    if side is not None and max(image.size) > side:
        image.thumbnail((side, side))
        is_jpeg = True
    if not is_jpeg:
        return png_of(np.asarray(image))
    return jpeg_of(np.asarray(image), _JPEG_QUALITY)


def media_type(head: bytes) -> str:
    """The type of what `shown` and `overlay_png` give, by its first bytes."""
    return "image/jpeg" if head.startswith(_JPEG_START) else "image/png"


@dataclass(frozen=True)
class _Box:
    box: tuple[int, int, int, int]


def overlay_png(
    picture: NDArray[np.uint8],
    png: bytes,
    scale: tuple[float, float],
    regions: Sequence[dict[str, Any]],
    *,
    whole_image: bool | None = None,
) -> bytes:
    """A picture with its heat map and a box around each region, as PNG.

    Args:
        picture: uint8 (H, W, 3).
        png: Of `map_png`.
        scale: The map values that it shows as 0 and 255.
        regions: The inspection's, with the key `box`.
        whole_image: As of `flawflow.report.heatmap.overlay`.
    """
    low, high = scale
    levels: NDArray[np.float32] = np.asarray(Image.open(io.BytesIO(png), formats=["PNG"]), np.float32)
    graph_map = np.float32(low) + levels / np.float32(255) * np.float32(high - low)
    full = resize_map(graph_map, (picture.shape[0], picture.shape[1]))
    boxes = [_Box((*region["box"],)) for region in regions]
    return png_of(overlay(picture, full, scale, boxes, whole_image=whole_image))


def mask_png(content: bytes, *, size: tuple[int, int]) -> bytes:
    """A drawn mask, checked and re-encoded: black, and white where a pixel is a defect.

    Args:
        content: A PNG; any non-zero pixel is a defect.
        size: The picture's (height, width).

    Raises:
        ImageError: It is no PNG, or of another size.
    """
    if not content.startswith(b"\x89PNG"):
        raise ImageError("the mask is not a PNG: send one of the picture's size")
    try:
        mask = read_mask(content, max_pixels=size[0] * size[1])
    except ImageTooLargeError:
        raise ImageError(
            f"the mask has more pixels than its picture, {size[1]} × {size[0]}: draw it at the picture's size"
        ) from None
    if mask.shape != size:
        raise ImageError(
            f"the mask has {mask.shape[1]} × {mask.shape[0]} pixels, its picture {size[1]} × {size[0]}: "
            "draw it at the picture's size"
        )
    return png_of(mask.astype(np.uint8) * np.uint8(255))


def _grey_png(levels: NDArray[np.uint8]) -> bytes:
    """Encode (H, W) as the difference of each row to the one above, PNG's filter 2.

    Every inspection comes by here. Pillow tries all filters for each row, which takes twice as long, and for
    maps, which are smooth, the file is no smaller.
    """
    height, width = levels.shape
    rows = np.full((height, width + 1), 2, np.uint8)
    rows[0, 1:] = levels[0]
    np.subtract(levels[1:], levels[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
