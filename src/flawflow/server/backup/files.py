"""Copies of the files in a data folder, while a station works there."""

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from flawflow.server.identity import BACKUP
from flawflow.storage.files import errors_name

# The record, which is copied as a database; what is another process's; what is written last.
_NOT_HERE = frozenset(
    {"station.db", "station.db-wal", "station.db-shm", "station.lock", "station.id", "station.id.new", BACKUP}
)
# Not whole yet, or the unfinished work of a training, which starts again, and what was kept of earlier ones.
_UNFINISHED = re.compile(r".*(\.part|\.training(-\d+)?)", re.DOTALL)
# What pages look at is made again from the pictures.
_DERIVED = "views"
_JOURNAL = ".sqlite"
_MAX_TRIES = 100
_PAUSE_SECONDS = 0.05


class Copier:
    """Copies what is new or has changed.

    Attributes:
        copied: How many files were.
        same: How many were there already.
        left_out: Journals that changed all the time.
    """

    def __init__(self, source: Path, target: Path) -> None:
        self.copied = self.same = 0
        self.left_out: list[Path] = []
        self._source, self._target = source, target
        self._links: dict[tuple[int, int], Path] = {}

    def copy(self) -> None:
        """Copy all files.

        Raises:
            OSError: One cannot be read or written.
        """
        for path in _files(self._source):
            target = self._target / path.relative_to(self._source)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                if path.suffix == _JOURNAL:
                    self._copy_journal(path, target)
                else:
                    self._copy_file(path, target)
            except FileNotFoundError:
                # It has just expired. What cannot be written is reported.
                if path.exists():
                    raise
        self._drop_old_journals()

    def _copy_file(self, path: Path, target: Path) -> None:
        state = path.stat()
        if _is_same(state, target):
            self.same += 1
        elif state.st_nlink > 1 and (state.st_dev, state.st_ino) in self._links:
            # Data sets share the files of pictures, and do so here.
            target.unlink(missing_ok=True)
            target.hardlink_to(self._links[state.st_dev, state.st_ino])
            self.copied += 1
        else:
            with errors_name(target):
                # The time of change comes last, so that a copy that broke off is not taken for whole.
                target.unlink(missing_ok=True)
                shutil.copyfile(path, target)
                shutil.copystat(path, target)
            self.copied += 1
        if state.st_nlink > 1:
            self._links.setdefault((state.st_dev, state.st_ino), target)

    def _copy_journal(self, path: Path, target: Path) -> None:
        """Copy a journal, which the station keeps locked, between two of its changes."""
        scratch = target.with_name(f".{target.name}.part")
        parts = {ending: Path(f"{path}{ending}") for ending in ("", "-wal")}
        for _ in range(_MAX_TRIES):
            before = list(map(_state, parts.values()))
            for ending, part in parts.items():
                copy = Path(f"{scratch}{ending}")
                copy.unlink(missing_ok=True)
                if part.exists():
                    shutil.copyfile(part, copy)
            if before == list(map(_state, parts.values())) and _is_whole(scratch):
                scratch.chmod(path.stat().st_mode & 0o777)
                scratch.replace(target)
                self.copied += 1
                return
            time.sleep(_PAUSE_SECONDS)
        for ending in parts:
            Path(f"{scratch}{ending}").unlink(missing_ok=True)
        self.left_out.append(path)

    def _drop_old_journals(self) -> None:
        """Remove journals of sources that are no more: a new source of that number has seen nothing."""
        for path in self._target.glob(f"sources/*{_JOURNAL}"):
            if not (self._source / "sources" / path.name).exists():
                path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    # Through links: pictures may be on a disk of their own.
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _UNFINISHED.fullmatch(name) and name != _DERIVED]
        for name in names:
            if _UNFINISHED.fullmatch(name) or name.endswith(("-wal", "-shm")):
                continue
            if Path(place) != folder or name not in _NOT_HERE:
                yield Path(place, name)


def _is_same(state: os.stat_result, target: Path) -> bool:
    found = _state(target)
    return found is not None and found[:2] == (state.st_size, state.st_mtime_ns)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_size, state.st_mtime_ns, state.st_ino


def _is_whole(database: Path) -> bool:
    try:
        # Closing it merges what stands beside it.
        with closing(sqlite3.connect(database)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.Error:
        return False
