"""Reading all of a long table, some rows at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, sessionmaker

from flawflow.server.db.people_tables import AuditRow
from flawflow.server.db.tables import InspectionRow

Row = TypeVar("Row", InspectionRow, AuditRow)

PAGE_ROWS = 1000


def pages(
    reading: sessionmaker[Session], row: type[Row], conditions: Sequence[ColumnElement[bool]]
) -> Iterator[list[Row]]:
    """Give all rows that meet the conditions, the oldest first, in pages.

    No transaction stays open between pages, however slowly they are taken.
    """
    last = 0
    while True:
        query = select(row).where(*conditions, row.id > last).order_by(row.id).limit(PAGE_ROWS)
        with reading() as session:
            page = list(session.scalars(query))
        if not page:
            return
        yield page
        last = page[-1].id
