"""One station a data folder: two would remove each other's files."""

import os
from pathlib import Path

from flawflow.server.errors import StationError


class FolderTakenError(StationError):
    """Another process uses the folder."""


class FolderLock:
    """Held from making to `release`, and let go by the system when the process dies."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            FolderTakenError: Another process holds it.
        """
        self._file = (folder / "station.lock").open("ab")
        try:
            _take(self._file.fileno())
        except OSError:
            self._file.close()
            raise FolderTakenError(
                f"another station uses {folder}: stop it, or choose another folder with --data"
            ) from None

    def release(self) -> None:
        """Let go."""
        self._file.close()


if os.name == "nt":

    def _take(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:

    def _take(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
