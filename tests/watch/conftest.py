"""What the tests of watching share."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from flawflow.watch.journal import Journal, Message


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def png() -> Callable[[int], bytes]:
    """Give the bytes of a picture of one grey level."""

    def draw(level: int) -> bytes:
        content = io.BytesIO()
        Image.new("L", (32, 32), level).save(content, "PNG")
        return content.getvalue()

    return draw


@pytest.fixture
def message() -> Callable[..., Message]:
    """Give a message with a whole record."""

    def write(number: int, **changes: object) -> Message:
        record = {
            "journal": "j", "id": number, "time": "2026-11-22T10:00:00.000+00:00", "path": f"{number}.png",
            "sha256": "0" * 64, "duplicate_of": None, "model": "part.flaw", "model_sha256": "1" * 64,
            "score": 0.5, "p_value": 0.1, "verdict": "OK", "regions": [], "width": 32, "height": 32,
            "timings_ms": {"read": 1.0, "prepare": 1.0, "infer": 1.0, "judge": 1.0}, "error": None,
        }  # fmt: skip
        return Message(number, {**record, **changes})

    return write
