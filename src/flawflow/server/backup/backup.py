"""Backing up a station: the record of one moment, and all files that it names."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flawflow.server import identity
from flawflow.server.backup.files import Copier
from flawflow.server.backup.record import copy_record, record_station
from flawflow.server.errors import StationError
from flawflow.server.folder import make_private
from flawflow.server.lock import station_lock
from flawflow.server.settings import database_of
from flawflow.storage.files import write_whole


@dataclass(frozen=True)
class Backup:
    """What a backup did.

    Attributes:
        record: The copy of the record.
        copied: Files that were new or had changed.
        same: Files that were there already.
        left_out: Files that changed all the time, and are not in the backup.
    """

    record: Path
    copied: int
    same: int
    left_out: tuple[Path, ...]


def back_up(data: Path, target: Path, *, database: str | None = None) -> Backup:
    """Copy a station's data folder and record, whether it works or not.

    The record is copied before the files, and its copy is put in place after them: every picture that it
    names was on the disk before it, and is in the backup.

    Args:
        data: The data folder.
        target: A folder that is new or empty, or the last backup of the same station, which is renewed.
        database: SQLAlchemy URL as of `flawflow serve`; None for SQLite in the data folder.

    Raises:
        StationError: The folder is no station's, the target is another's, or the record cannot be copied.
        OSError: A file cannot be read or written.
    """
    station = identity.read(data)
    if station is None:
        raise StationError(
            f"{data} is not a station's data folder: give one with --data, or start the station once"
        )
    _check_target(data, target, station)
    url = database_of(data, database)
    held = record_station(url)
    if held != station:
        raise StationError(
            f"the data folder {data} belongs to station {station} and its database to {held}: name two that "
            "belong together with --data and --database"
        )
    make_private(target)
    with _locked(target):
        write_whole(target / identity.BACKUP, f"{station}\n")
        copy, name = copy_record(url, target)
        files = Copier(data, target)
        files.copy()
        if hasattr(os, "sync"):
            os.sync()
        for ending in ("-wal", "-shm"):
            # What a record before this one left would be taken for its newest changes.
            Path(target / f"{name}{ending}").unlink(missing_ok=True)
        copy.replace(target / name)
        write_whole(target / identity.FILE, f"{station}\n")
    return Backup(target / name, files.copied, files.same, tuple(files.left_out))


def _check_target(data: Path, target: Path, station: str) -> None:
    here, there = data.resolve(), target.resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise StationError(f"{target} and {data} lie within each other: name a backup's folder elsewhere")
    if target.exists() and not target.is_dir():
        raise StationError(f"{target} is not a folder: give one that is new, empty or the last backup")
    if not target.exists() or not any(target.iterdir()):
        return
    if identity.read(target, identity.BACKUP) != station:
        raise StationError(
            f"{target} holds something else than a backup of this station, or a station has worked in it "
            "since: name a folder that is new or empty"
        )


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    with station_lock(target):
        yield
