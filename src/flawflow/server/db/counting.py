"""Adds to tables of counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from flawflow.server.db.tables import Base


def add_counts(
    connection: Connection, table: type[Base], names: Sequence[str], counts: Mapping[tuple[Any, ...], int]
) -> None:
    """Add to the column `count` of a table whose primary key are the columns `names`."""
    if not counts:
        return
    columns = Base.metadata.tables[table.__tablename__]
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    query = dialect.insert(columns)
    query = query.on_conflict_do_update(
        index_elements=names, set_={"count": columns.c.count + query.excluded.count}
    )
    # In order, so that two writers never wait for each other's rows.
    connection.execute(
        query,
        [dict(zip(names, key, strict=True)) | {"count": count} for key, count in sorted(counts.items())],
    )
