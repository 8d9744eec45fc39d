"""What was made for people to look at, kept on the disk so that it is made once."""

import contextlib
import io
import shutil
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

# Copies can be made again; the last of the disk's room is for what cannot.
_MIN_FREE_BYTES = 1 << 30


class RenderedCopies:
    """Files by name, in bounded room: what was asked for lately stays. Safe to use from several threads.

    Two folders take turns. New files come into the one, and what is found in the other moves there; when it
    holds half of the room, the other is emptied and its turn comes. So nothing is counted file by file,
    and nothing outlives the process that made it: what a crash left half written is never read.
    """

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        """Begin with nothing.

        Args:
            folder: Its content is removed.
            most_bytes: What all files may have together.
        """
        self._folder, self._half = folder, most_bytes // 2
        self._lock = threading.Lock()
        self._bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        left = list(folder.iterdir())
        self._new, self._old = self._fresh(), self._fresh()
        # Many small files take a while.
        threading.Thread(target=_remove, args=(left,), name="flawflow-copies", daemon=True).start()

    def find(self, name: str) -> BinaryIO | None:
        """Open a file; None where it is not there (any more)."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            return (self._new / name).open("rb")
        with self._lock, contextlib.suppress(FileNotFoundError):
            file = (self._old / name).open("rb")
            # Windows moves nothing that is open; it is made again later.
            with contextlib.suppress(OSError):
                self._bytes += (self._old / name).replace(self._new / name).stat().st_size
            return file
        return None

    def keep(self, name: str, content: bytes) -> BinaryIO:
        """Write a file and open it; where the disk has no room, it is in the memory alone."""
        if len(content) > self._half or shutil.disk_usage(self._folder).free < _MIN_FREE_BYTES:
            return io.BytesIO(content)
        gone: list[Path] = []
        try:
            with self._lock:
                if self._bytes + len(content) > self._half:
                    gone = [self._old]
                    self._new, self._old, self._bytes = self._fresh(), self._new, 0
                scratch = self._new / f"{name}.part"
                scratch.write_bytes(content)
                scratch.replace(self._new / name)
                self._bytes += len(content)
                return (self._new / name).open("rb")
        except OSError:
            return io.BytesIO(content)
        finally:
            _remove(gone)

    def drop(self, names: Iterable[str]) -> None:
        """Remove files."""
        with self._lock, contextlib.suppress(PermissionError):
            for name in names:
                (self._new / name).unlink(missing_ok=True)
                (self._old / name).unlink(missing_ok=True)

    def _fresh(self) -> Path:
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        return folder


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
