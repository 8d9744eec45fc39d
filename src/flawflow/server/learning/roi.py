"""A region of interest that somebody drew."""

import io

import numpy as np
from PIL import Image

from flawflow.errors import ImageError
from flawflow.images import has_shape_of, read_mask


def roi_png(content: bytes, *, picture: tuple[int, int]) -> bytes:
    """A drawn region, checked and re-encoded: white where a pixel counts, black elsewhere.

    Args:
        content: A PNG; any non-zero pixel counts.
        picture: (height, width) of a picture, whose proportions it must have; it may have fewer pixels.

    Raises:
        ImageError: It is no PNG, of another shape, or nothing counts.
    """
    if not content.startswith(b"\x89PNG"):
        raise ImageError("the region is not a PNG: send one of the pictures' proportions")
    mask = read_mask(content, max_pixels=picture[0] * picture[1])
    if not has_shape_of((mask.shape[0], mask.shape[1]), picture):
        raise ImageError(
            f"the region has {mask.shape[1]} × {mask.shape[0]} pixels, another shape than the pictures' "
            f"{picture[1]} × {picture[0]}: draw it over one of the pictures"
        )
    if not mask.any():
        raise ImageError("the region is empty: draw what counts, or remove it so that everything does")
    stream = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(stream, "PNG", optimize=True)
    return stream.getvalue()
