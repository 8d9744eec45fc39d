"""TIFF files of 16-bit floats, which Pillow does not write."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.storage.files import write_whole

_SHORT, _LONG = 3, 4
_DEFLATE, _BLACK_IS_ZERO, _IEEE_FLOAT = 8, 1, 3


def write_float_tiff(path: Path, values: NDArray[np.float16]) -> None:
    """Write one channel of 16-bit floats as a TIFF file (Adobe TIFF 6.0), whole or not at all.

    It has a single strip, compressed without loss (deflate), in little-endian order.

    Args:
        path: The file.
        values: float16 (H, W).
    """
    height, width = values.shape
    strip = zlib.compress(values.astype("<f2").tobytes())
    # By ascending tag: what a reader needs to know of a strip of floats.
    tags = [
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, 16),  # bits per sample
        (259, _SHORT, _DEFLATE),
        (262, _SHORT, _BLACK_IS_ZERO),
        (273, _LONG, 8),  # where the strip begins: behind the header
        (277, _SHORT, 1),  # samples per pixel
        (278, _LONG, height),  # rows per strip
        (279, _LONG, len(strip)),
        (339, _SHORT, _IEEE_FLOAT),
    ]
    # The directory begins at an even place.
    strip += b"\0" * (len(strip) % 2)
    header = struct.pack("<2sHI", b"II", 42, 8 + len(strip))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    write_whole(path, header + strip + struct.pack("<H", len(tags)) + entries + bytes(4))
