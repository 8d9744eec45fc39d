"""Any picture that a camera or a program hands over → uint8 RGB (H, W, 3)."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from flawflow.errors import FlawflowError, ImageError
from flawflow.images.decode import KNOWN_FORMATS, opacity, open_header, pixels
from flawflow.images.formats import check_kind, is_lossy
from flawflow.images.guard import check_layout, check_size, check_start
from flawflow.images.levels import LevelsError, eight_bits
from flawflow.images.pillow_warnings import quiet_pillow
from flawflow.images.pixel_limit import max_pixels_allowed
from flawflow.storage.paths import is_remote, to_path

ImageSource = str | Path | bytes | Image.Image | NDArray[Any]
"""What `read_image` accepts."""

_GIVEN_BYTES = "The picture in the given bytes"


def read_image(source: ImageSource, *, max_pixels: int | None = None) -> NDArray[np.uint8]:
    """Read a picture as RGB.

    Files and bytes: PNG, JPEG, BMP, TIFF and WebP of any mode, recognised by their content. The EXIF
    orientation is applied. Arrays: uint8 or uint16 of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4),
    colours as RGB. In all of them:

    - grey becomes three equal channels;
    - alpha is dropped, and the colour under it kept as it is stored;
    - 16-bit levels become 8-bit ones by `>> 8`, a fixed rule, so that equal levels give equal results in
      every picture (a 12-bit TIFF by `>> 4`; the levels of a float TIFF count on the scale 0 … 255).

    Refused, since they would be read otherwise than they are meant: files of several frames or pages, levels
    that leave their range or use less than a sixteenth of it (10 or 12 bits at the lower end of 16, floats of
    0 … 1), signed levels, and kinds of TIFF that are not known to be read right.

    Safe to call from several threads.

    Args:
        source: A path, the bytes of a file, a Pillow image or an array.
        max_pixels: Larger pictures are refused by their header, before they are decoded; None for the limit
            of the process (`flawflow.images.pixel_limit`). No picture may be 1,000 times as long as wide.

    Returns:
        uint8 (H, W, 3), RGB; writable, contiguous, and not shared with `source`.

    Raises:
        ImageError: The picture is missing, damaged, cut short, too large or of another kind.
    """
    max_pixels = max_pixels_allowed() if max_pixels is None else max_pixels
    if isinstance(source, np.ndarray):
        levels = _array_levels(source, max_pixels)
    else:
        levels = _decoded(source, max_pixels, lambda image, _: pixels(image))
    if levels.ndim == 2:
        levels = np.repeat(levels[..., np.newaxis], 3, axis=2)
    return np.array(levels, dtype=np.uint8, order="C")


def read_mask(source: str | Path | bytes, *, max_pixels: int | None = None) -> NDArray[np.bool_]:
    """Read a mask of defects from a file, or its bytes, of any format and mode that `read_image` reads.

    A pixel is a defect where its stored level, or any channel of its colour, is not zero: masks of 0/1,
    0/255, one bit, 16 bits and of a palette mean the same. Where some of it is transparent, what is painted
    counts: transparent pixels are no defect, and black ones are where there is no other colour. What was
    compressed with loss (JPEG, most WebP, some TIFF) is cut at the middle (128) instead of at zero, because
    that leaves small levels around every edge.

    Returns:
        bool (H, W), True = defect.

    Raises:
        ImageError: As `read_image`.
    """
    most = max_pixels_allowed() if max_pixels is None else max_pixels
    return np.ascontiguousarray(_decoded(source, most, _defects), dtype=np.bool_)


def _defects(image: Image.Image, stream: BinaryIO | None) -> NDArray[np.bool_]:
    lossy = stream is not None and isinstance(image, ImageFile) and is_lossy(image, stream)
    levels: NDArray[Any] = pixels(image, keep_levels=True)
    highest = levels.max(axis=2) if levels.ndim == 3 else levels
    defect: NDArray[np.bool_] = highest >= 128 if lossy else highest != 0
    alpha = opacity(image)
    if alpha is None or alpha.min() == alpha.max():
        return defect
    visible: NDArray[np.bool_] = alpha >= 128 if lossy else alpha != 0
    return defect & visible if defect.any() else visible


def _array_levels(array: NDArray[Any], max_pixels: int) -> NDArray[Any]:
    name = "The given array"
    if array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise ImageError(
            f"{name} holds {array.dtype}, whose range is not known: "
            "give uint8 (0 … 255) or uint16 (0 … 65535)."
        )
    grey = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1)
    if array.size == 0 or not (grey or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise ImageError(
            f"{name} has the shape {array.shape}: give (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) "
            "with at least one pixel."
        )
    check_size(name, array.shape[1], array.shape[0], max_pixels)
    levels = array.reshape(array.shape[:2]) if grey else array[..., :3]
    try:
        return eight_bits(levels, bits=16)
    except LevelsError as error:
        raise ImageError(f"{name} {error}.") from None


def _decoded(
    source: object, max_pixels: int, use: Callable[[Image.Image, BinaryIO | None], NDArray[Any]]
) -> NDArray[Any]:
    """Open `source`, refuse what is too large or of a kind that is not read, and give what `use` makes of it.

    Whatever a decoder raises about damaged bytes becomes a ImageError: Pillow's decoders raise a dozen
    kinds of exception and promise none.
    """
    if not isinstance(source, str | Path | bytes | Image.Image):
        raise ImageError(
            f"A {type(source).__name__} is not a picture: give a path, bytes, a Pillow image or an array."
        )
    name = _name(source)
    try:
        with quiet_pillow():
            if isinstance(source, Image.Image):
                check_size(name, source.width, source.height, max_pixels)
                return use(source, None)
            with io.BytesIO(source) if isinstance(source, bytes) else _opened(to_path(source)) as stream:
                check_start(name, stream, max_pixels)
                image = open_header(stream)
                if image is None:
                    raise ImageError(_foreign(name, empty=not stream.read(1)))
                check_size(name, image.width, image.height, max_pixels)
                check_layout(name, image, stream, max_pixels)
                check_kind(name, image, stream)
                return use(image, stream)
    except ImageError:
        raise
    except LevelsError as error:
        raise ImageError(f"{name} {error}.") from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(
            f"{name} cannot be decoded ({reason}): it is damaged, cut short or of a rare kind; "
            f"copy it again, or save it again as {KNOWN_FORMATS}."
        ) from error


def naming(error: FlawflowError, name: str) -> str:
    """The sentence of an error about a picture that was given as bytes, with its name."""
    return str(error).replace(_GIVEN_BYTES, name, 1)


def _name(source: str | Path | bytes | Image.Image) -> str:
    if isinstance(source, bytes):
        return _GIVEN_BYTES
    return "The given image" if isinstance(source, Image.Image) else str(source)


def _opened(path: Path) -> BinaryIO:
    try:
        if is_remote(path):
            return path.open("rb")
        # Asked first: opening a pipe or a device could wait for ever.
        if not path.is_file():
            kind = "is a folder or device, not a file" if path.exists() else "does not exist"
            raise ImageError(f"{path} {kind}: name a picture file.")
        return path.open("rb")
    except FileNotFoundError:
        raise ImageError(f"{path} does not exist: name a picture file.") from None
    except OSError as error:
        raise ImageError(f"{path} cannot be opened ({error.strerror}): check its permissions.") from error


def _foreign(name: str, *, empty: bool) -> str:
    if empty:
        return f"{name} is empty (0 bytes): copy or save it again."
    return f"{name} is not a {KNOWN_FORMATS} picture, whatever its name says: save it as one of these."
