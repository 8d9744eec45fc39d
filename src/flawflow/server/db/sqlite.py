"""SQLite: readers beside one writer, commits that are on the disk, a file for the station's user alone."""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from flawflow.storage.files import SECRET_MODE

PATIENCE_SECONDS = 20.0


def prepare(engine: Engine) -> None:
    """Set up every connection of an engine."""
    _keep_private(engine.url.database)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def set_patience(connection: Connection, seconds: float) -> None:
    """Say how long a connection waits for another writer."""
    # By the driver's own connection: SQLAlchemy's would begin a transaction first, and wait for it.
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")


def _keep_private(database: str | None) -> None:
    """Make the file before SQLite does, whose own would be for all to read; what it adds is as private."""
    if not database or database == ":memory:" or database.startswith("file:"):
        return
    # Where it cannot be made or is another's, SQLite says more of it.
    with contextlib.suppress(OSError):
        os.close(os.open(database, os.O_CREAT | os.O_RDWR, SECRET_MODE))
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{database}{ending}").chmod(SECRET_MODE)


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLAlchemy begins transactions itself, below: the driver would not begin one before CREATE TABLE, and
    # a migration that is killed half-way would leave half of its tables.
    connection.isolation_level = None
    for pragma in (
        # Before all others, which may have to wait already.
        f"busy_timeout = {round(1000 * PATIENCE_SECONDS)}",
        # Readers do not wait for the writer, nor it for them.
        "journal_mode = WAL",
        # A commit is on the disk when it returns, in a power cut too; one commit serves many records.
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # Who reads first and writes later finds that another has written between, which no patience helps.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
