"""What the tests of watching share."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flawflow.watch.journal import Journal
from flawflow.watch.watcher import MAX_FILE_BYTES, Watcher, WatchLimits

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
        give_up, max_bytes = options.pop("give_up", 1e9), options.pop("max_bytes", MAX_FILE_BYTES)
        limits = WatchLimits(interval_seconds=1e-9, give_up_seconds=give_up, max_bytes=max_bytes)
        options = {"limits": limits, "sinks": ["x"], **options}
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
