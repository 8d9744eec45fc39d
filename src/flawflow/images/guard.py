"""Refuses pictures that are small as files and huge when decoded, beyond what their width and height say."""

from typing import BinaryIO

from PIL.ImageFile import ImageFile

from flawflow.errors import ImageError, ImageTooLargeError
from flawflow.images.pixel_limit import max_pixels_allowed

_WEBP_START = 30
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_SCAN = b"\xff\xda"
_MAX_SCANS = 100
_RUN_LENGTH = (1, 2)
_BLOCK_BYTES = 1 << 20
_MAX_ASPECT_RATIO = 1000


def check_size(name: str, width: int, height: int, max_pixels: int) -> None:
    """Refuse a picture of more than `max_pixels` pixels, before anything of that size is allocated.

    And one of more than 1,000 : 1: what resizing costs grows with the longer side, whatever the shorter is.
    """
    if width * height > max_pixels:
        # A caller's own limit, such as a station's, is not that of the option.
        other_way = ", or raise the limit (--max-pixels)" if max_pixels == max_pixels_allowed() else ""
        raise ImageTooLargeError(
            f"{name} has {width} × {height} pixels, more than the limit of {max_pixels:,}: make it "
            f"smaller{other_way}."
        )
    if max(width, height) > _MAX_ASPECT_RATIO * max(1, min(width, height)):
        raise ImageTooLargeError(
            f"{name} has {width} × {height} pixels, which is longer than {_MAX_ASPECT_RATIO:,} : 1: "
            "cut it into pieces."
        )


def check_start(name: str, stream: BinaryIO, max_pixels: int) -> None:
    """Refuse a WebP by its first bytes: its decoder reads the whole file and allocates when it is made.

    Other formats are left to `check_size` and `check_layout`, once their headers are read.
    """
    start = stream.read(_WEBP_START)
    size = _webp_size(start)
    if size is not None:
        check_size(name, *size, max_pixels)
        # Pixels that do not shrink at all take four bytes; no picture within the limit needs more.
        length = stream.seek(0, 2)
        if length > 4 * max_pixels + _BLOCK_BYTES:
            raise ImageTooLargeError(
                f"{name} is a WebP of {length:,} bytes, more than {max_pixels:,} pixels can need: "
                "save its first frame as a picture of its own."
            )
    stream.seek(0)


def check_layout(name: str, image: ImageFile, stream: BinaryIO, max_pixels: int) -> None:
    """Refuse a picture whose header asks for far more work or memory than its pixels.

    A TIFF of 16 × 16 pixels may declare one tile of 40,000 × 40,000, and a progressive JPEG may draw its
    pixels over thousands of times.
    """
    if image.format == "TIFF":
        _check_tiles(name, image, max_pixels)
    elif image.format == "JPEG" and image.info.get("progressive"):
        _check_scans(name, stream)
    elif image.format == "BMP" and image.info.get("compression") in _RUN_LENGTH:
        # Two bytes of such a file may skip 255 rows, and older Pillow writes them all before it counts.
        check_size(f"{name} (a run-length BMP, 256 rows at a time)", image.width, 256, max_pixels)


def _check_tiles(name: str, image: ImageFile, max_pixels: int) -> None:
    tags = getattr(image, "tag_v2", {})
    width, length = tags.get(_TILE_WIDTH), tags.get(_TILE_LENGTH)
    if not (isinstance(width, int) and isinstance(length, int) and width > 0 and length > 0):
        return
    padded = -(-image.width // width) * width * -(-image.height // length) * length
    if padded > max(max_pixels, 2 * image.width * image.height):
        raise ImageTooLargeError(
            f"{name} keeps {image.width} × {image.height} pixels in tiles of {width} × {length}, which need "
            f"more than the limit of {max_pixels:,} pixels: save it again with smaller tiles."
        )


def _check_scans(name: str, stream: BinaryIO) -> None:
    place = stream.tell()
    stream.seek(0)
    scans, rest = 0, b""
    # Within compressed data 0xFF is always followed by 0, so these two bytes begin a scan
    # (or stand in a preview's, of which there are few).
    while block := stream.read(_BLOCK_BYTES):
        scans += (rest + block).count(_SCAN)
        rest = block[-1:] if block[-1:] == _SCAN[:1] else b""
    stream.seek(place)
    if scans > _MAX_SCANS:
        raise ImageError(
            f"{name} is a progressive JPEG of {scans:,} scans, more than the {_MAX_SCANS} that any camera "
            "needs: save it again."
        )


def _webp_size(start: bytes) -> tuple[int, int] | None:
    """Give (width, height) of a WebP's canvas, None where the bytes begin no WebP that is known."""
    if len(start) < _WEBP_START or start[:4] != b"RIFF" or start[8:12] != b"WEBP":
        return None
    kind = start[12:16]
    if kind == b"VP8X":
        return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = (int.from_bytes(start[i : i + 2], "little") & 0x3FFF for i in (26, 28))
        return width, height
    return None
