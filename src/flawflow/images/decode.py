"""From the bytes of a picture file to pixels, through the five decoders that cameras need and no other."""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from flawflow.images.formats import is_white_zero, stored_bits
from flawflow.images.levels import eight_bits, require_light

# The way out that a refused file's message offers.
KNOWN_FORMATS = "PNG, JPEG, BMP, TIFF or WebP"

_TIFF_STARTS = (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")
_SUFFIXES: dict[type[ImageFile], str] = {
    PngImageFile: ".png",
    JpegImageFile: ".jpg",
    BmpImageFile: ".bmp",
    TiffImageFile: ".tif",
    WebPImageFile: ".webp",
}
_ORIENTATION = 0x0112

# Modes whose numbers are not grey or RGB levels, and the mode that makes them so.
_PLAIN_MODE = {
    # By way of RGBA, because Pillow's way from a palette with transparency straight to RGB warns.
    "P": "RGBA",
    "PA": "RGBA",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "LAB": "RGB",
    "HSV": "RGB",
}


def open_header(stream: BinaryIO) -> ImageFile | None:
    """Read a picture's header; no pixel is decoded yet.

    The decoder is chosen by the first bytes, never by the name. Pillow's own `Image.open` is not used:
    it may run any installed plugin, and it compares sizes with a setting of the whole process.

    Returns:
        The opened picture, or None where the bytes begin like none of the known formats.
    """
    start = stream.read(16)
    stream.seek(0)
    decoder = _decoder(start)
    return None if decoder is None else decoder(stream)


def is_known(start: bytes) -> bool:
    """Tell by a file's first 16 bytes whether it is of a kind that can be read."""
    return _decoder(start) is not None


def suffix_of(start: bytes) -> str:
    """Give the suffix of a file by its first 16 bytes; ".png" where they are of no known kind.

    >>> suffix_of(b"\\xff\\xd8\\xff\\xe0"), suffix_of(b"BM")
    ('.jpg', '.bmp')
    """
    decoder = _decoder(start)
    return ".png" if decoder is None else _SUFFIXES[decoder]


def _decoder(start: bytes) -> type[ImageFile] | None:
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if start.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if start.startswith(b"BM"):
        return BmpImageFile
    if start.startswith(_TIFF_STARTS):
        return TiffImageFile
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return WebPImageFile
    return None


def pixels(image: Image.Image, *, keep_levels: bool = False) -> NDArray[Any]:
    """Give the levels of an opened picture, turned upright by its EXIF orientation.

    Colours come as RGB, and an alpha channel or transparent palette entry is dropped: what a pixel shows
    is its colour. Compositing would paint over pixels that the camera saw, and many frame grabbers fill
    the fourth byte with 0.

    Args:
        image: Any Pillow image; it is not changed.
        keep_levels: Give 16-bit, 32-bit and float levels as they are stored instead of as 8 bits.

    Returns:
        uint8, or the stored type with `keep_levels`; (H, W) for grey and (H, W, 3) for colour pictures.

    Raises:
        LevelsError: The range of the levels is not known.
    """
    bits = stored_bits(image)
    levels = _plain(image)
    # Not a copy yet: read_image makes one at its end.
    if levels.ndim == 3:
        levels = levels[..., :3] if levels.shape[2] > 2 else levels[..., 0]
    # A 16-bit mode holds levels of 12 bits where a TIFF says so; mode I keeps 16-bit levels in int32.
    depth = 12 if bits == 12 else 16
    if is_white_zero(image) and levels.dtype.itemsize > 1:
        levels = (1 << depth) - 1 - levels
    if not keep_levels:
        if bits == 16 and levels.dtype == np.uint8:
            require_light(levels)
        levels = eight_bits(levels, bits=depth)
    # Asked for last: in PNG the EXIF block may stand behind the pixels.
    return _upright(levels, _orientation(image))


def opacity(image: Image.Image) -> NDArray[np.uint8] | None:
    """Give the alpha channel of a picture, uint8 (H, W) and upright, or None where it has none."""
    image.load()
    if image.mode == "P" and "transparency" not in image.info:
        return None
    if image.mode not in ("LA", "La", "PA", "RGBA", "RGBa", "P"):
        return None
    alpha = np.asarray(image.convert("RGBA"))[..., 3]
    return _upright(alpha, _orientation(image))


def _plain(image: Image.Image) -> NDArray[Any]:
    """The levels as Pillow decodes them, in a mode of grey or RGB."""
    if isinstance(image, TiffImageFile):
        _keep_colours(image)
    image.load()
    plain = image.convert(_PLAIN_MODE[image.mode]) if image.mode in _PLAIN_MODE else image
    return np.asarray(plain)


def _keep_colours(image: TiffImageFile) -> None:
    """Have a TIFF's colours not divided by their alpha, which has no meaning once that is dropped."""
    image.tile = [
        tile._replace(args=(tile.args[0].replace("a", "A"), *tile.args[1:]))
        if image.mode == "RGBA" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]


def _orientation(image: Image.Image) -> int:
    """Give the EXIF orientation, 1 (upright) where there is none or the EXIF block is damaged."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Cameras write all sorts of EXIF; the pixels are good, so they are shown as they are stored.
        return 1


def _upright(levels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo the turn and the mirroring that EXIF orientation 2 … 8 stands for."""
    if orientation not in range(2, 9):
        return levels
    if orientation >= 5:
        levels = levels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        levels = levels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        levels = levels[::-1]
    return levels
