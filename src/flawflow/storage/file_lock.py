"""One process a folder: two would undo each other's work."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from flawflow.errors import FlawflowError


class LockedError(FlawflowError):
    """Another process holds the lock."""


class FileLock:
    """Held from making to `release` or the end of `with`; the system lets it go when the process dies."""

    def __init__(self, path: Path, sentence: str) -> None:
        """Take the lock.

        Args:
            path: The file that stands for it; it is made where it is missing, and stays.
            sentence: What to say where another process holds it.

        Raises:
            LockedError: Another process holds it.
        """
        self._file = path.open("ab")
        try:
            _take(self._file.fileno())
        except OSError:
            self._file.close()
            raise LockedError(sentence) from None

    def release(self) -> None:
        """Let go."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.release()


if os.name == "nt":

    def _take(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:

    def _take(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
