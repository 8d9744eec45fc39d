"""Any picture that a camera or a program hands over → uint8 RGB (H, W, 3)."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.errors import PictureError
from flawflow.picture.decode import KNOWN_FORMATS, open_header, pixels
from flawflow.picture.guard import check_layout, check_size, check_start
from flawflow.picture.quiet import quiet_pillow

MAX_PIXELS = 100_000_000
"""The most pixels a picture may have unless the caller says otherwise: 300 MB as RGB."""

PictureSource = str | Path | bytes | Image.Image | NDArray[Any]
"""What `read_picture` accepts."""


def read_picture(source: PictureSource, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read a picture as RGB.

    Files and bytes: PNG, JPEG, BMP, TIFF and WebP of any mode, recognised by their content. The EXIF
    orientation is applied; of several frames the first is read. Arrays: uint8 or uint16 of shape (H, W),
    (H, W, 1), (H, W, 3) or (H, W, 4), colours as RGB. In all of them:

    - grey becomes three equal channels;
    - alpha is dropped, and the colour under it kept as it is stored;
    - 16-bit levels become 8-bit ones by `>> 8`, a fixed rule, so that equal levels give equal results in
      every picture (a 12-bit TIFF by `>> 4`; the levels of a float TIFF count on the scale 0 … 255).

    Safe to call from several threads.

    Args:
        source: A path, the bytes of a file, a Pillow image or an array.
        max_pixels: Larger pictures are refused by their header, before they are decoded.

    Returns:
        uint8 (H, W, 3), RGB; writable, contiguous, and not shared with `source`.

    Raises:
        PictureError: The picture is missing, damaged, cut short, too large or of another kind.
    """
    if isinstance(source, np.ndarray):
        levels = _array_levels(source, max_pixels)
    else:
        levels = _decoded(source, max_pixels, pixels)
    if levels.ndim == 2:
        levels = np.repeat(levels[..., np.newaxis], 3, axis=2)
    return np.array(levels, dtype=np.uint8, order="C")


def read_mask(source: str | Path | bytes, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.bool_]:
    """Read a mask of defects from a file, or its bytes, of any format and mode that `read_picture` reads.

    A pixel is a defect where its stored level, or any channel of its colour, is not zero: masks of 0/1,
    0/255, one bit, 16 bits and of a palette mean the same. Alpha is ignored. A JPEG mask is cut at the
    middle (128) instead, because its compression leaves small levels around every edge.

    Returns:
        bool (H, W), True = defect.

    Raises:
        PictureError: As `read_picture`.
    """
    return np.ascontiguousarray(_decoded(source, max_pixels, _defects), dtype=np.bool_)


def _defects(image: Image.Image) -> NDArray[np.bool_]:
    levels: NDArray[Any] = pixels(image, keep_levels=True)
    highest = levels.max(axis=2) if levels.ndim == 3 else levels
    defect: NDArray[np.bool_] = highest >= 128 if image.format == "JPEG" else highest != 0
    return defect


def _array_levels(array: NDArray[Any], max_pixels: int) -> NDArray[Any]:
    name = "The given array"
    if array.dtype not in (np.uint8, np.uint16):
        raise PictureError(
            f"{name} holds {array.dtype}, whose range is not known: "
            "give uint8 (0 … 255) or uint16 (0 … 65535)."
        )
    grey = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1)
    if array.size == 0 or not (grey or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PictureError(
            f"{name} has the shape {array.shape}: give (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) "
            "with at least one pixel."
        )
    check_size(name, array.shape[1], array.shape[0], max_pixels)
    levels = array.reshape(array.shape[:2]) if grey else array[..., :3]
    return levels >> 8 if levels.dtype == np.uint16 else levels


def _decoded(source: object, max_pixels: int, use: Callable[[Image.Image], NDArray[Any]]) -> NDArray[Any]:
    """Open `source`, refuse what is too large and give what `use` makes of it.

    Whatever a decoder raises about damaged bytes becomes a PictureError: Pillow's decoders raise a dozen
    kinds of exception and promise none.
    """
    if not isinstance(source, str | Path | bytes | Image.Image):
        raise PictureError(
            f"A {type(source).__name__} is not a picture: give a path, bytes, a Pillow image or an array."
        )
    name = _name(source)
    try:
        with quiet_pillow():
            if isinstance(source, Image.Image):
                check_size(name, source.width, source.height, max_pixels)
                return use(source)
            with io.BytesIO(source) if isinstance(source, bytes) else _opened(Path(source)) as stream:
                check_start(name, stream, max_pixels)
                image = open_header(stream)
                if image is None:
                    raise PictureError(_foreign(name, empty=not stream.read(1)))
                check_size(name, image.width, image.height, max_pixels)
                check_layout(name, image, stream, max_pixels)
                return use(image)
    except PictureError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PictureError(
            f"{name} cannot be decoded ({reason}): it is damaged, cut short or of a rare kind; "
            f"copy it again, or save it anew as {KNOWN_FORMATS}."
        ) from error


def _name(source: str | Path | bytes | Image.Image) -> str:
    if isinstance(source, bytes):
        return "The picture in the given bytes"
    return "The given image" if isinstance(source, Image.Image) else str(source)


def _opened(path: Path) -> io.BufferedReader:
    try:
        # Asked first: opening a pipe or a device could wait for ever.
        if not path.is_file():
            kind = "is a folder or device, not a file" if path.exists() else "does not exist"
            raise PictureError(f"{path} {kind}: name a picture file.")
        return path.open("rb")
    except OSError as error:
        raise PictureError(f"{path} cannot be opened ({error.strerror}): check its permissions.") from error


def _foreign(name: str, *, empty: bool) -> str:
    if empty:
        return f"{name} is empty (0 bytes): copy or save it again."
    return f"{name} is no {KNOWN_FORMATS} picture, whatever its name says: save it as one of these."
