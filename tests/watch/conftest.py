"""What the tests of watching share."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flawflow.watch.journal import Journal, Message
from flawflow.watch.watcher import Watcher

from .watching import Examiner, Make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def examiner() -> Examiner:
    return Examiner()


@pytest.fixture
def make(folder: Path, journal: Journal, examiner: Examiner) -> Make:
    """Make a watcher whose files are settled at the second look."""

    def watcher(**options: Any) -> Watcher:
        options = {"interval": 1e-9, "give_up": 1e9, "sinks": ["x"], **options}
        return Watcher(folder, journal, options.pop("examine", examiner), **options)

    return watcher


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
