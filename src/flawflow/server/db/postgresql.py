"""PostgreSQL: one station a database, or replicas alone, and connections that are known to be lost."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from flawflow.server.db.engine import make_engine, shown_database
from flawflow.server.errors import BusyError

# Of two keys: what the lock is for, and in which schema, as the tables are one schema's.
_LOCK = "SELECT pg_try_advisory_lock(1818845542, hashtext(current_schema()))"
# Held by many at a time, and by none while one has the other.
_SHARED_LOCK = "SELECT pg_try_advisory_lock_shared(1818845542, hashtext(current_schema()))"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1818845543, hashtext(current_schema()))"
# The server finds out within half a minute that the computer of a station is gone, and not after two hours.
_SHORT_MEMORY = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
# For the connection of a station that was killed a moment ago to be found dead.
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_RETRY_SECONDS = 10

# SQLSTATE: connection exceptions; shutting down, crashed, starting up. Drivers know none of them as a loss.
_LOSSES = ("08", "57P01", "57P02", "57P03")


def prepare(engine: Engine, *, is_replica: bool = False) -> "StationLock":
    """Let an engine notice losses, and write only while its station is the only one, or all are replicas.

    Raises:
        BusyError: Another station works in the database.
        sqlalchemy.exc.SQLAlchemyError: It cannot be reached.
    """
    # Losses are reported in sentences, not by a traceback for each connection.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    event.listen(engine, "handle_error", _note_loss)
    lock = StationLock(engine, is_replica=is_replica)

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("write", False):
            lock.require()

    event.listen(engine, "begin", begin)
    return lock


@contextlib.contextmanager
def one_at_a_time(engine: Engine) -> Iterator[None]:
    """Wait until no other replica prepares the tables, and let others wait for the block."""
    with engine.begin() as connection:
        connection.exec_driver_sql(_ONE_AT_A_TIME)
        yield


class StationLock:
    """An advisory lock, held by a connection of its own, which the server lets go with the connection."""

    def __init__(self, engine: Engine, *, is_replica: bool) -> None:
        """Take the lock; replicas share it."""
        self._statement = _SHARED_LOCK if is_replica else _LOCK
        self._shown = shown_database(engine.url)
        self._engine = make_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        event.listen(self._engine, "handle_error", _note_loss)
        self._mutex = threading.Lock()
        self._connection: Connection | None = None
        self._is_over = False
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self.require()
                return
            except BusyError:
                if time.monotonic() >= end:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def require(self) -> None:
        """Make sure that the lock is held; where its connection was lost it is taken again.

        Raises:
            BusyError: Another station has it.
            sqlalchemy.exc.SQLAlchemyError: The database does not answer.
        """
        with self._mutex:
            if self._is_over:
                raise BusyError("the station stops", retry_after=_RETRY_SECONDS)
            if self._connection is not None and not self._is_alive(self._connection):
                self._connection = None
            if self._connection is None:
                self._connection = self._take()

    def release(self) -> None:
        """Let go, for good."""
        with self._mutex:
            self._is_over = True
            if self._connection is not None:
                # By word, as the server takes its time to notice that a connection has ended.
                with contextlib.suppress(DBAPIError):
                    self._connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
                _close(self._connection)
                self._connection = None

    @staticmethod
    def _is_alive(connection: Connection) -> bool:
        try:
            connection.exec_driver_sql("SELECT 1")
        except DBAPIError:
            _close(connection)
            return False
        return True

    def _take(self) -> Connection:
        connection = self._engine.connect()
        try:
            if connection.exec_driver_sql(self._statement).scalar():
                for setting in _SHORT_MEMORY:
                    connection.exec_driver_sql(f"SET {setting}")
                return connection
        except BaseException:
            _close(connection)
            raise
        _close(connection)
        raise BusyError(
            f"another station uses the database {self._shown}: stop it, or give this one a database of "
            "its own with --database",
            retry_after=_RETRY_SECONDS,
        )


def sqlstate(error: BaseException | None) -> str:
    """Give the five characters by which PostgreSQL says what is wrong; empty where it said nothing."""
    found: Any = getattr(error, "sqlstate", None)
    if found is None and error is not None and error.args and isinstance(error.args[0], dict):
        found = error.args[0].get("C")
    return str(found or "")


def _note_loss(context: ExceptionContext) -> None:
    if sqlstate(context.original_exception).startswith(_LOSSES):
        context.is_disconnect = True


def _close(connection: Connection) -> None:
    with contextlib.suppress(DBAPIError, OSError):
        connection.close()
