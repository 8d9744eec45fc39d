"""Whether an inspection could be recorded now: all of it is done, and taken back."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, update

from flawflow.server.db import sqlite
from flawflow.server.db.tables import Base, IdentityRow, InspectionRow, MapRow

# Whoever asks whether the station is ready has no time to wait for another writer.
_PATIENCE_SECONDS = 2.0
# The largest there is: it lies where the next records will, and uses up no id of theirs.
_PROBE_ID = 2**63 - 1

_INSERT = insert(Base.metadata.tables[InspectionRow.__tablename__])
_INSERT_MAP = insert(Base.metadata.tables[MapRow.__tablename__])


def probe(engine: Engine) -> None:
    """Try to record.

    Raises:
        BusyError: Another station works in the database.
        sqlalchemy.exc.SQLAlchemyError: It does not work.
    """
    with engine.execution_options(write=True).connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:
            sqlite.set_patience(connection, _PATIENCE_SECONDS)
        try:
            with connection.begin():
                _try(connection)
        finally:
            if is_sqlite and not connection.invalidated:
                sqlite.set_patience(connection, sqlite.PATIENCE_SECONDS)


def _try(connection: Connection) -> None:
    with connection.begin_nested() as trial:
        connection.execute(_INSERT, _values())
        connection.execute(_INSERT_MAP, {"inspection": _PROBE_ID, "png": b""})
        trial.rollback()
    # What is taken back never has to reach the disk; this has.
    connection.execute(update(IdentityRow).values(probed=datetime.now(UTC)))


def _values() -> dict[str, Any]:
    numbers = dict.fromkeys(("score", "p_value", "heat_low", "heat_high"), 0.0)
    texts = dict.fromkeys(("model", "model_sha256", "name", "source", "verdict", "picture_sha256"), "")
    flags = dict.fromkeys(("has_picture", "has_map", "has_mask"), False)
    shape = {"regions": [], "timings": {}, "height": 0, "width": 0}
    key, now = uuid.uuid4().hex, datetime.now(UTC)
    return {"id": _PROBE_ID, "key": key, "time": now, **numbers, **texts, **flags, **shape}
