"""A picture that comes: looked at before it is kept."""

import hashlib

from flawflow.errors import one_line
from flawflow.images import read_image
from flawflow.images.decode import is_known, suffix_of
from flawflow.results.record import readable
from flawflow.server.db.tables import NAME_LENGTH
from flawflow.server.errors import TooLargeError, UnknownKindError
from flawflow.server.learning.draft import DraftPicture
from flawflow.server.settings import Settings

_DIGITS = 32


def examine(name: str, content: bytes, settings: Settings) -> DraftPicture:
    """Look at a picture.

    Args:
        name: What it is called.
        content: The bytes of its file.
        settings: Say how large it may be.

    Raises:
        TooLargeError: The file is too large.
        UnknownKindError: It is of no kind that can be read.
        ImageError: It is damaged, or has too many pixels.
    """
    if len(content) > settings.max_picture_bytes:
        raise TooLargeError(
            f"the file has more than {settings.max_picture_bytes:,} bytes, the station's limit"
        )
    if not is_known(content[:16]):
        raise UnknownKindError("this is not a PNG, JPEG, BMP, TIFF or WebP picture: save it as one")
    pixels = read_image(content, max_pixels=settings.max_pixels)
    return DraftPicture(
        file=f"{hashlib.sha256(content).hexdigest()[:_DIGITS]}{suffix_of(content[:16])}",
        name=one_line(readable(name))[:NAME_LENGTH] or "picture",
        height=pixels.shape[0],
        width=pixels.shape[1],
        size=len(content),
        pixels=hashlib.sha256(pixels.tobytes()).hexdigest()[:_DIGITS],
    )
