"""Opening the database."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from flawflow.server.db import postgresql, sqlite
from flawflow.server.db.engine import make_engine, shown_database
from flawflow.server.db.migrate import migrate
from flawflow.server.db.problems import database_problem
from flawflow.server.errors import StationError


@dataclass(frozen=True)
class Database:
    """An open database.

    Attributes:
        engine: Its connections; `execution_options(write=True)` begins transactions that write.
        shown: How people know it; without a password.
        lock: Keeps other stations out; None for SQLite, which is in the folder that has a lock.
    """

    engine: Engine
    shown: str
    lock: postgresql.StationLock | None

    def close(self) -> None:
        """Close all connections, and let other stations in."""
        self.engine.dispose()
        if self.lock is not None:
            self.lock.release()


def open_database(
    url: str, *, admit: Callable[[Connection], None] = lambda _: None, is_replica: bool = False
) -> Database:
    """Connect to a database and bring it to the tables of this flawflow.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL.
        admit: Called within the transaction that brings the tables; what it raises leaves the database as
            it was.
        is_replica: Whether other replicas may work in it, too; of PostgreSQL only.

    Raises:
        StationError: When it cannot be reached, is of another kind or of a newer flawflow, or has a station.
    """
    engine = make_engine(url)
    shown = shown_database(engine.url)
    lock = None
    try:
        if engine.dialect.name == "sqlite":
            sqlite.prepare(engine)
        else:
            lock = postgresql.prepare(engine, is_replica=is_replica)
        # For writing from the start: two stations that start at once migrate one after the other.
        with postgresql.one_at_a_time(engine) if is_replica else contextlib.nullcontext():
            migrate(engine.execution_options(write=True), admit)
    except BaseException as error:
        Database(engine, shown, lock).close()
        if not isinstance(error, DBAPIError):
            raise
        raise StationError(
            database_problem(error, shown) or f"the database {shown} refuses its tables"
        ) from None
    return Database(engine, shown, lock)
