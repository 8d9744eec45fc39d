"""A watcher that is looked on round by round."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from flawflow.errors import ImageError
from flawflow.results.record import Record
from flawflow.watch.watcher import Watcher


class Examiner:
    """Says OK to whatever begins with `good`, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, bytes]] = []

    def __call__(self, path: str, content: bytes, sha256: str) -> Record:
        if not content.startswith(b"good"):
            raise ImageError(f"{path} is cut short.")
        self.given.append((path, content))
        return Record(verdict="OK", score=1.0)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.given]


Make = Callable[..., Watcher]


def rounds(watcher: Watcher, count: int = 2) -> None:
    for _ in range(count):
        watcher.round(threading.Event())


def drop(folder: Path, name: str, content: bytes, *, seconds: float | None = None) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    if seconds is not None:
        os.utime(folder / name, (seconds, seconds))
