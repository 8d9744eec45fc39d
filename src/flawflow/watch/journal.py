"""The journal: what is done, and what is still to be delivered. It outlives the process."""

import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from flawflow.errors import WatchError
from flawflow.results.record import Record
from flawflow.results.sinks.contract import Result
from flawflow.watch.scan import Seen

_VERSION = 1
_SCHEMA = """
CREATE TABLE about (journal TEXT NOT NULL, last_id INTEGER NOT NULL);
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT
) WITHOUT ROWID;
CREATE INDEX files_by_content ON files (sha256);
CREATE TABLE outbox (
    sink TEXT NOT NULL, id INTEGER NOT NULL, record TEXT NOT NULL, refused TEXT, PRIMARY KEY (sink, id)
) WITHOUT ROWID;
"""


# Beside the record: the path as the file system spells it, which may hold bytes that are not text.
_FILE = "file"


class Known(NamedTuple):
    """What the journal has of a file.

    Attributes:
        size: In bytes.
        mtime_ns: Time of change in nanoseconds.
        sha256: Of the content; None where it could not be read.
    """

    size: int
    mtime_ns: int
    sha256: str | None


class Journal:
    """One SQLite file, used by one process. Safe to use from several threads.

    A file counts as done in the same transaction that puts its record into the outbox of every sink: after
    a crash it is either not done, or its record is there to be delivered.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal, or begin one; its folder is created when it is missing.

        Raises:
            WatchError: It is in use by another process, or is not a journal of this version.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            # Exclusive: a second process is refused at once, and no shared memory is needed.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            # A commit is on the disk: pictures may be moved because of it.
            self._db.execute("PRAGMA synchronous = FULL")
            self._begin_or_check()
            self.name: str = self._all("SELECT journal FROM about")[0][0]
        except (sqlite3.Error, WatchError) as error:
            self._db.close()
            raise error if isinstance(error, WatchError) else WatchError(_said(path, error)) from None

    def _begin_or_check(self) -> None:
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute("INSERT INTO about VALUES (?, 0)", (uuid.uuid4().hex,))
                db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise WatchError(
                    f"{self._path} is a journal of version {version}, and this flawflow knows {_VERSION}: "
                    "use the flawflow that wrote it, or another output folder"
                )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.rollback()
                    raise
        except sqlite3.Error as error:
            raise WatchError(_said(self._path, error)) from None

    def _all(self, query: str, *values: Any) -> list[Any]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise WatchError(_said(self._path, error)) from None

    def known(self, paths: Sequence[str]) -> dict[str, Known]:
        """Look up files by path; those that are not done are left out. At most some hundred at a time."""
        marks = ",".join("?" * len(paths))
        rows = self._all(
            f"SELECT path, size, mtime_ns, sha256 FROM files WHERE path IN ({marks})",
            *map(os.fsencode, paths),
        )
        return {os.fsdecode(path): Known(*rest) for path, *rest in rows}

    def count(self) -> int:
        """How many files are done."""
        return int(self._all("SELECT count(*) FROM files")[0][0])

    def other_with(self, sha256: str, path: str) -> str | None:
        """The path of another file with this content that was done before, if there is one."""
        rows = self._all(
            "SELECT path FROM files WHERE sha256 = ? AND path <> ? ORDER BY path LIMIT 1",
            sha256,
            os.fsencode(path),
        )
        return os.fsdecode(rows[0][0]) if rows else None

    def finish(
        self,
        seen: Seen,
        *,
        sha256: str | None,
        record: Record | None = None,
        sinks: Sequence[str] = (),
    ) -> Record | None:
        """Note a file as done and put its record into the outbox of each sink, both or neither.

        Args:
            seen: The file as it was when it was read.
            sha256: Of its content; None where it could not be read.
            record: What to deliver; it gets `journal` and `id`. None where there is nothing to say.
            sinks: The names of those that shall have it.

        Returns:
            The record with its key.
        """
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                (os.fsencode(seen.path), seen.size, seen.mtime_ns, sha256),
            )
            if record is None:
                return None
            ((number,),) = db.execute("UPDATE about SET last_id = last_id + 1 RETURNING last_id").fetchall()
            record = replace(record, journal=self.name, id=number)
            # In ASCII: a path may hold bytes that are not text, and JSON's escapes keep them.
            text = json.dumps({_FILE: seen.path, **record.to_dict()}, allow_nan=False)
            db.executemany(
                "INSERT INTO outbox VALUES (?, ?, ?, NULL)", [(sink, number, text) for sink in sinks]
            )
            return record

    def waiting(self, sink: str, limit: int) -> list[Result]:
        """See `Outbox.waiting`."""
        rows = self._all(
            "SELECT record FROM outbox WHERE sink = ? AND refused IS NULL ORDER BY id LIMIT ?",
            sink,
            limit,
        )
        return [_result(json.loads(text)) for (text,) in rows]

    def delivered(self, sink: str, results: Sequence[Result]) -> None:
        """See `Outbox.delivered`."""
        with self._transaction() as db:
            db.executemany(
                "DELETE FROM outbox WHERE sink = ? AND id = ?",
                [(sink, result.record.id) for result in results],
            )

    def refused(self, sink: str, result: Result, why: str) -> None:
        """See `Outbox.refused`; the result stays, to be offered again."""
        with self._transaction() as db:
            db.execute(
                "UPDATE outbox SET refused = ? WHERE sink = ? AND id = ?", (why, sink, result.record.id)
            )

    def offer_again(self) -> None:
        """Let refused records be tried once more."""
        with self._transaction() as db:
            db.execute("UPDATE outbox SET refused = NULL")

    def backlog(self) -> dict[str, int]:
        """How many records each sink has not got, with those it refused; sinks with none are left out."""
        return dict(self._all("SELECT sink, count(*) FROM outbox GROUP BY sink"))

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._db.close()


def _result(values: dict[str, Any]) -> Result:
    # An earlier flawflow kept the path as the file system spells it in the record itself.
    return Result(Record.from_dict(values), file=values.get(_FILE, values.get("path")))


def _said(path: Path, error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return f"{path} is in use: another flawflow watches with this output folder; stop it, or name another"
    return f"{path} cannot serve as a journal ({error}): name another output folder"
