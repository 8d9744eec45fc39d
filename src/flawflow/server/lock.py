"""One station a data folder."""

from pathlib import Path

from flawflow.storage.file_lock import FileLock


def station_lock(folder: Path) -> FileLock:
    """Take the lock of a station's data folder.

    Raises:
        LockedError: Another station uses it.
    """
    return FileLock(
        folder / "station.lock",
        f"another station uses {folder}: stop it, or choose another folder with --data",
    )
