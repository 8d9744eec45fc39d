"""Files that are small on the disk and huge in memory or time: refused before anything is decoded."""

import io
import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from flawflow.errors import ImageError
from flawflow.images import read_image, read_mask


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def tiff(width, height, *, tile=None, payload=b"abcd"):
    """One strip, or tiles of one size, deflated; every tag that a reader asks for."""
    strip = {273: "payload", 278: height, 279: len(payload)}
    tiles = tile and {322: tile, 323: tile, 324: "payload", 325: len(payload)}
    entries = {256: width, 257: height, 258: 8, 259: 8, 262: 1, 277: 1, **(tiles or strip)}
    place = 8 + 2 + 12 * len(entries) + 4
    rows = [
        struct.pack("<HHII", tag, 4, 1, place if entries[tag] == "payload" else entries[tag])
        for tag in sorted(entries)
    ]
    return b"II*\0" + struct.pack("<IH", 8, len(rows)) + b"".join(rows) + bytes(4) + payload


def webp(width, height, kind=b"VP8X"):
    if kind == b"VP8X":
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = bytes([2, 0, 0, 0]) + canvas
    elif kind == b"VP8L":
        body = b"\x2f" + ((height - 1) << 14 | (width - 1)).to_bytes(4, "little") + bytes(20)
    else:
        body = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(20)
    chunks = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def bmp(width, height, *, compression=0, pixels=b""):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, len(pixels), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(pixels), 0, 0, 1078) + header + bytes(1024) + pixels


def jpeg(width, height):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    content = bytearray(stream.getvalue())
    place = content.index(b"\xff\xc0")
    content[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def scans(count):
    """A progressive JPEG that draws its last scan over and over."""
    stream = io.BytesIO()
    Image.fromarray(np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)).save(
        stream, "JPEG", progressive=True
    )
    content = stream.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * count + content[-2:]


BOMBS = {
    "png": (png(60_000, 60_000), "60000 × 60000 pixels"),
    "png of one row": (png(2**31 - 1, 1), "pixels, more than the limit"),
    "jpeg": (jpeg(65_000, 65_000), "65000 × 65000 pixels"),
    "bmp": (bmp(60_000, 60_000), "60000 × 60000 pixels"),
    "bmp upside down": (bmp(60_000, -60_000), "60000 × 60000 pixels"),
    "bmp run lengths": (bmp(99_999_999, 1, compression=1, pixels=b"\0\2\xff\xff" * 9), "longer than 1,000"),
    "tiff": (tiff(60_000, 60_000), "60000 × 60000 pixels"),
    "tiff tile": (tiff(16, 16, tile=40_000), "tiles of 40000 × 40000"),
    "tiff many wide tiles": (tiff(300, 300_000, tile=9_984), "tiles of 9984 × 9984"),
    "webp canvas": (webp(60_000, 60_000), "60000 × 60000 pixels"),
    "webp lossless": (webp(16_383, 16_383, b"VP8L"), "16383 × 16383 pixels"),
    "webp lossy": (webp(16_383, 16_383, b"VP8 "), "16383 × 16383 pixels"),
    "jpeg scans": (scans(5000), "scans, more than the 100"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_anything_of_its_size_exists(name, tmp_path, is_sentence):
    content, reason = BOMBS[name]
    path = tmp_path / "bomb.png"
    path.write_bytes(content)
    for read in (read_image, read_mask):
        tracemalloc.start()
        try:
            with pytest.raises(ImageError, match=reason) as caught:
                read(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 8e6
        assert str(path) in str(caught.value)
        is_sentence(caught.value)


def test_run_lengths_that_skip_rows_count_against_the_limit():
    with pytest.raises(ImageError, match="run-length"):
        read_image(bmp(200_000, 200, compression=1, pixels=b"\0\2\xff\xff" * 9), max_pixels=50_000_000)


_UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from flawflow.errors import ImageError
from flawflow.images import read_image
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 64_000_000,) * 2)
for name in sys.argv[1:]:
    try:
        read_image(name)
    except ImageError as error:
        print(error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and a limit of address space")
def test_bombs_need_no_memory_of_the_decoders_either(tmp_path):
    # Python's own count does not see what C libraries take; the address space of a process does.
    paths = []
    for name, (content, _) in BOMBS.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    paths.append(tmp_path / "endless webp")
    with paths[-1].open("wb") as stream:
        stream.write(webp(16, 16))
        stream.truncate(3 << 30)
    run = subprocess.run(
        [sys.executable, "-c", _UNDER_A_LIMIT, *paths],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    lines = run.stdout.splitlines()
    reasons = [reason for _, reason in BOMBS.values()] + ["more than 100,000,000 pixels can need"]
    assert len(lines) == len(paths)
    for path, reason, line in zip(paths, reasons, lines, strict=True):
        assert line.startswith(str(path))
        assert reason in line
    assert run.stderr == ""


def test_what_only_looks_like_a_bomb_is_read(tmp_path):
    assert read_image(scans(20)).shape == (64, 64, 3)
    stream = io.BytesIO()
    Image.new("L", (100, 100)).save(stream, "WEBP")
    assert read_image(stream.getvalue(), max_pixels=10_000).shape == (100, 100, 3)
    tile = tiff(16, 16, tile=256, payload=zlib.compress(bytes(256 * 256)))
    assert read_image(tile).shape == (16, 16, 3)
    with pytest.raises(ImageError, match="tiles of 256 × 256"):
        read_image(tile, max_pixels=300)


def test_compressed_texts_and_profiles_stay_compressed(is_sentence):
    stream = io.BytesIO()
    Image.new("L", (8, 8)).save(stream, "PNG")
    content = stream.getvalue()
    huge = zlib.compress(bytes(200_000_000), 9)
    bombs = [
        _chunk(b"zTXt", b"a\0\0" + huge),
        _chunk(b"iCCP", b"a\0\0" + huge),
        _chunk(b"iTXt", b"a\0\1\0\0\0" + huge),
    ]
    for bomb in bombs:
        tracemalloc.start()
        try:
            # In front of the pixels, and behind them.
            for place in (33, len(content) - 12):
                try:
                    read_image(content[:place] + bomb + content[place:])
                except ImageError as error:
                    is_sentence(error)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 20e6
