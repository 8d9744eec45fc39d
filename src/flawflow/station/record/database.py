"""Opening the database."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from flawflow.station.errors import StationError
from flawflow.station.record.migrate import migrate

_PATIENCE_SECONDS = 20


def open_database(url: str) -> Engine:
    """Connect to a database and bring it to the tables of this flawflow.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL.

    Raises:
        StationError: When it cannot be reached, is of another kind or of a newer flawflow.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StationError(
                f"{parsed.get_backend_name()} is not supported: give a sqlite or postgresql+pg8000 URL"
            )
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except (ArgumentError, NoSuchModuleError):
        raise StationError("the database's URL cannot be read: see flawflow serve --help") from None
    except ModuleNotFoundError as error:
        raise StationError(f"the database needs the package {error.name}: pip install {error.name}") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        # For writing from the start: two stations that start at once migrate one after the other.
        migrate(engine.execution_options(write=True))
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StationError(
            f"the database {parsed.render_as_string(hide_password=True)} cannot be used ({reason:.300}): "
            "check its address and permissions"
        ) from None
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLAlchemy begins transactions itself, below: the driver would not begin one before CREATE TABLE, and
    # a migration that is killed half-way would leave half of its tables.
    connection.isolation_level = None
    for pragma in (
        # Readers do not wait for the writer, nor it for them.
        "journal_mode = WAL",
        # A commit is on the disk when it returns, in a power cut too; one commit serves many records.
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {1000 * _PATIENCE_SECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # Who reads first and writes later finds that another has written between, which no patience helps.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
