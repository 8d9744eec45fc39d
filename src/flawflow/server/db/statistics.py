"""Counts for statistics: kept up while inspections are recorded, and read by range of time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import Session, sessionmaker

from flawflow.server.db.counting import add_counts
from flawflow.server.db.statistics_tables import QuarterRow
from flawflow.server.db.tables import InspectionRow

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which inspections are counted.

    Attributes:
        since: The earliest time; counted is from the beginning of its quarter of an hour on.
        until: The time before which they were, likewise.
        model: The model's name; None for all.
        source: The source; None for all.
    """

    since: datetime
    until: datetime
    model: str | None = None
    source: str | None = None

    def conditions(self, table: Any, time: Any) -> list[ColumnElement[bool]]:
        """The span as SQL, of a table with a column of times."""
        found: list[ColumnElement[bool]] = [time >= quarter_of(self.since), time < quarter_of(self.until)]
        if self.model is not None:
            found.append(table.model == self.model)
        if self.source is not None:
            found.append(table.source == self.source)
        return found


@dataclass(frozen=True)
class Count:
    """How many inspections of a verdict there were in a quarter of an hour, of a model or of a source."""

    key: Any
    verdict: str
    count: int


def quarter_of(time: datetime) -> datetime:
    """Give the beginning of the quarter of an hour that a time lies in.

    >>> quarter_of(datetime(2026, 1, 2, 3, 44, 59))
    datetime.datetime(2026, 1, 2, 3, 30)
    """
    return time.replace(minute=time.minute // 15 * 15, second=0, microsecond=0)


def count_inspections(connection: Connection, rows: Iterable[InspectionRow]) -> None:
    """Count inspections that are recorded in the same transaction."""
    keys = Counter((quarter_of(row.time), row.model, row.source, row.verdict) for row in rows)
    add_counts(connection, QuarterRow, ("start", "model", "source", "verdict"), keys)


class Statistics:
    """Reads counts."""

    def __init__(self, reading: sessionmaker[Session]) -> None:
        """Take what makes sessions; see `Store`."""
        self._reading = reading

    def over_time(self, span: Span) -> Sequence[Count]:
        """Give the counts of each quarter of an hour, in order."""
        return self._grouped(span, QuarterRow.start)

    def by_model(self, span: Span) -> Sequence[Count]:
        """Give the counts of each model."""
        return self._grouped(span, QuarterRow.model)

    def by_source(self, span: Span) -> Sequence[Count]:
        """Give the counts of each source."""
        return self._grouped(span, QuarterRow.source)

    def reviewed(self, span: Span) -> dict[tuple[str, str], int]:
        """Give how many there are of each (verdict, label) that is good or bad."""
        row = InspectionRow
        query = select(row.verdict, row.label, func.count()).where(
            row.label.is_not(None), row.label.in_(("good", "bad")), *span.conditions(row, row.time)
        )
        with self._reading() as session:
            found = session.execute(query.group_by(row.verdict, row.label))
            return {(verdict, str(label)): count for verdict, label, count in found}

    def _grouped(self, span: Span, column: Any) -> Sequence[Count]:
        row = QuarterRow
        query = select(column, row.verdict, func.sum(row.count)).where(*span.conditions(row, row.start))
        with self._reading() as session:
            found = session.execute(query.group_by(column, row.verdict).order_by(column))
            return [Count(key, verdict, int(count)) for key, verdict, count in found]
