"""Refuses pictures of which only a part would be seen, or that Pillow reads otherwise than they mean."""

import struct
from typing import BinaryIO

from PIL.ImageFile import ImageFile

from flawflow.errors import ImageError

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 258, 259, 262, 266
_SAMPLES, _PLANAR, _PALETTE, _INKS, _SAMPLE_FORMAT, _SUBSAMPLING = 277, 284, 320, 332, 339, 530
_EXTRA = 338
_KIND_OF_PAGE, _OLD_KIND_OF_PAGE = 254, 255
_REDUCED, _MASK = 1, 4
_OLD_REDUCED = 2
_MAX_PAGES = 1000
_WHITE_IS_ZERO, _CMYK, _YCBCR = 0, 5, 6
_SIGNED, _FLOAT = 2, 3
# Compressions whose decoder sees to YCbCr itself: both JPEGs.
_JPEGS = (6, 7)
_LOSSY_TIFF = ("jpeg", "tiff_jpeg", "webp")


def check_kind(name: str, image: ImageFile, stream: BinaryIO) -> None:
    """Refuse a picture of several frames or pages, and TIFFs that would be read wrong.

    Raises:
        ImageError: The sentence says what is not read, and the way out.
    """
    frames = getattr(image, "n_frames", 1) if image.format != "TIFF" else 1
    if frames > 1:
        raise ImageError(
            f"{name} has {frames:,} frames, of which only the first would be looked at: save each as a "
            "picture of its own."
        )
    if image.format == "TIFF":
        fault = _fault(getattr(image, "tag_v2", {})) or _fault_of_pages(stream)
        if fault:
            raise ImageError(f"{name} {fault}.")


def is_white_zero(image: object) -> bool:
    """Whether a TIFF's levels count from white to black."""
    return bool(getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def stored_bits(image: object) -> int:
    """How many bits a level has in the file of a picture that is not loaded yet; 8 where nothing tells."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return max(_numbers(tags.get(_BITS, 1)))
    # Pillow reduces colours of 16 bits in its decoder; until then the decoder's mode tells.
    tiles = getattr(image, "tile", None) or ()
    return 16 if any(";16" in str(tile) for tile in tiles) else 8


def is_lossy(image: ImageFile, stream: BinaryIO) -> bool:
    """Whether a picture's compression changes levels, so that around edges nothing is as it was drawn."""
    if image.format == "WEBP":
        return _has_lossy_chunk(stream)
    return image.format == "JPEG" or image.info.get("compression") in _LOSSY_TIFF


def _fault(tags: dict[int, object]) -> str | None:
    """What of a TIFF's kind cannot be read right; None where nothing."""
    bits, formats = _numbers(tags.get(_BITS, 1)), _numbers(tags.get(_SAMPLE_FORMAT, 1))
    photometric, samples = tags.get(_PHOTOMETRIC), _numbers(tags.get(_SAMPLES, 1))[0]
    again = "save it again with levels of 8 or 16 bits, unsigned"
    if _SIGNED in formats and max(bits) < 32:
        return f"holds signed levels, whose black and white are not known: {again}"
    if _FLOAT in formats and photometric == _WHITE_IS_ZERO:
        return f"holds float levels of which zero is white, and what is black is not known: {again}"
    return _fault_of_channels(tags, bits, samples) or _fault_of_colours(tags)


def _fault_of_channels(tags: dict[int, object], bits: tuple[int, ...], samples: int) -> str | None:
    if tags.get(_PLANAR) != 2 or samples == 1:
        return None
    if 1 in _numbers(tags.get(_EXTRA, 0)):
        return "keeps channels and an alpha that they are multiplied by apart (planar): save it without alpha"
    if bits != (8,) * len(bits) or tags.get(_FILL_ORDER, 1) != 1:
        return "keeps channels of other than 8 bits apart (planar): save it again with channels side by side"
    return None


def _fault_of_colours(tags: dict[int, object]) -> str | None:
    photometric = tags.get(_PHOTOMETRIC)
    if photometric == _CMYK and tags.get(_INKS, 1) != 1:
        return "is printed with other inks than CMYK: save it again as RGB"
    if photometric == _YCBCR and tags.get(_COMPRESSION) == 1 and tags.get(_SUBSAMPLING, (2, 2)) != (1, 1):
        return "keeps YCbCr colours with subsampling and without compression: save it again as RGB"
    palette = tags.get(_PALETTE)
    if isinstance(palette, tuple) and 0 < max(palette) < 256:
        return "has a palette of 8 bits in place of 16, which would be black: save it again as RGB"
    return None


def _fault_of_pages(stream: BinaryIO) -> str | None:
    """Why a TIFF's first page is not all that there is to look at; None where it is."""
    place = stream.tell()
    try:
        kinds = _pages(stream)
    except struct.error:
        # The file ends within its list of pages; the first one was read.
        kinds = []
    finally:
        stream.seek(place)
    if kinds and kinds[0] & _REDUCED:
        return "begins with a thumbnail in place of the picture: save the picture itself again"
    pages = sum(not kind & (_REDUCED | _MASK) for kind in kinds)
    if pages > 1:
        return (
            f"has {pages:,} pages, of which only the first would be looked at: save each as a picture of its "
            "own"
        )
    return None


def _pages(stream: BinaryIO) -> list[int]:
    """What each page of a TIFF is, as NewSubfileType says: 1 reduced, 4 a mask, else one to look at."""
    stream.seek(0)
    start = stream.read(16)
    order = "<" if start[:2] == b"II" else ">"
    big = struct.unpack_from(f"{order}H", start, 2)[0] == 43
    count, pointer, entry = ("Q", "Q", 20) if big else ("H", "I", 12)
    (place,) = struct.unpack_from(order + pointer, start, 8 if big else 4)
    kinds: list[int] = []
    seen: set[int] = set()
    while place and place not in seen and len(kinds) < _MAX_PAGES:
        seen.add(place)
        stream.seek(place)
        (entries,) = struct.unpack(order + count, stream.read(struct.calcsize(order + count)))
        block = stream.read(entry * min(entries, 1 << 16))
        kinds.append(_kind(block, entry, order))
        (place,) = struct.unpack(order + pointer, stream.read(struct.calcsize(order + pointer)))
    return kinds


def _kind(block: bytes, entry: int, order: str) -> int:
    for at in range(0, len(block) - entry + 1, entry):
        tag, kind = struct.unpack_from(f"{order}HH", block, at)
        if tag in (_KIND_OF_PAGE, _OLD_KIND_OF_PAGE):
            value = int(
                struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", block, at + entry // 2 + 2)[0]
            )
            return value if tag == _KIND_OF_PAGE else _REDUCED * (value == _OLD_REDUCED)
    return 0


def _numbers(value: object) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (int(str(value)),)


def _has_lossy_chunk(stream: BinaryIO) -> bool:
    place = stream.tell()
    stream.seek(12)
    try:
        while len(head := stream.read(8)) == 8:
            if head[:4] in (b"VP8 ", b"VP8L"):
                return head[:4] == b"VP8 "
            length = int.from_bytes(head[4:], "little")
            stream.seek(length + length % 2, 1)
        return False
    finally:
        stream.seek(place)
