"""What is counted over the blocks of a file."""

import io

import pytest
from PIL import Image

from flawflow.errors import ImageError
from flawflow.images import guard
from flawflow.images.guard import check_layout


def progressive(content: bytes, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Check a file as a progressive JPEG, read in blocks of so many bytes."""
    monkeypatch.setattr(guard, "_BLOCK_BYTES", block)
    image = Image.new("L", (8, 8))
    image.format = "JPEG"  # type: ignore[attr-defined]
    image.info["progressive"] = 1
    stream = io.BytesIO(content)
    stream.seek(7)
    try:
        check_layout("a.jpg", image, stream, 10**6)  # type: ignore[arg-type]
    finally:
        assert stream.tell() == 7


@pytest.mark.parametrize("block", [1, 2, 3, 5, 7, 1 << 20])
@pytest.mark.parametrize("offset", [0, 1, 2])
@pytest.mark.parametrize("gap", [0, 1, 4])
def test_a_scan_is_counted_once_wherever_a_block_ends(
    monkeypatch: pytest.MonkeyPatch, block: int, offset: int, gap: int
):
    scan = b"\xff\xda" + b"x" * gap
    progressive(b"y" * offset + scan * 100, monkeypatch, block)
    with pytest.raises(ImageError, match=r"^a.jpg is a progressive JPEG of 101 scans, more than the 100"):
        progressive(b"y" * offset + scan * 101, monkeypatch, block)


def test_bytes_that_only_look_like_a_scan_are_none(monkeypatch: pytest.MonkeyPatch):
    progressive(b"\xff\xff\x00\xda\xff" * 300, monkeypatch, 3)
