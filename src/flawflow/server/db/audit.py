"""The audit log: who did what, when, with the old and the new value; entries are chained by their digests."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session, sessionmaker

from flawflow.server.actor import ACTOR
from flawflow.server.db.pages import pages
from flawflow.server.db.people_tables import AuditRow
from flawflow.server.db.tables import NAME_LENGTH

FIRST = "0" * 64
"""What stands for the digest before the first entry."""


@dataclass(frozen=True, kw_only=True)
class AuditFilters:
    """Which entries; None for any.

    Attributes:
        actor: Whose.
        action: Of which kind.
        subject: Of what.
        since: The earliest time.
        until: The time before which it was.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as SQL."""
        row = AuditRow
        equal = ((row.actor, self.actor), (row.action, self.action), (row.subject, self.subject))
        found: list[ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
        if self.since is not None:
            found.append(row.time >= self.since)
        if self.until is not None:
            found.append(row.time < self.until)
        return found


@dataclass(frozen=True)
class Checked:
    """What became of checking the chain.

    Attributes:
        count: Entries.
        broken: The id of the first entry that does not follow from the one before; None where all do.
        last: The digest of the last entry: noted elsewhere, it proves that no entry before it was changed.
    """

    count: int
    broken: int | None
    last: str


def append(session: Session, action: str, subject: str, *, old: Any = None, new: Any = None) -> None:
    """Add an entry, in the transaction of what it tells of: both are recorded, or neither is.

    Args:
        session: Of a transaction that writes.
        action: What was done.
        subject: To what.
        old: What was before; ready for JSON, None for nothing.
        new: What is from now on.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two at a time would both follow the same entry; in SQLite whoever writes is alone anyway.
        session.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
    last = session.execute(select(AuditRow.id, AuditRow.digest).order_by(AuditRow.id.desc()).limit(1)).first()
    number, previous = (0, FIRST) if last is None else (last[0], last[1])
    actor = ACTOR.get()
    row = AuditRow(
        id=number + 1,
        time=datetime.now(UTC),
        actor=actor.name[:NAME_LENGTH],
        address=actor.address[:64],
        action=action,
        subject=subject[:NAME_LENGTH],
        old=_text(old),
        new=_text(new),
        previous=previous,
    )
    row.digest = digest(row)
    session.add(row)
    session.flush()


def digest(row: AuditRow) -> str:
    """Give the digest that an entry must have."""
    values = (row.id, row.time.isoformat(), row.actor, row.address, row.action, row.subject, row.old, row.new)
    return hashlib.sha256(json.dumps([*values, row.previous]).encode()).hexdigest()


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)


class AuditLog:
    """Reads the log, and adds what no other transaction of the record belongs to."""

    def __init__(self, reading: sessionmaker[Session], writing: sessionmaker[Session]) -> None:
        """Take what makes sessions; see `Store`."""
        self._reading, self._writing = reading, writing

    def add(self, action: str, subject: str, *, old: Any = None, new: Any = None) -> None:
        """Add an entry; see `append`."""
        with self._writing.begin() as session:
            append(session, action, subject, old=old, new=new)

    def find(self, filters: AuditFilters, *, before: int | None = None, limit: int = 50) -> list[AuditRow]:
        """Give entries, the newest first; only ids below `before`."""
        query = select(AuditRow).where(*filters.conditions()).order_by(AuditRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditRow.id < before)
        with self._reading() as session:
            return list(session.scalars(query))

    def walk(self, filters: AuditFilters) -> Iterator[list[AuditRow]]:
        """Give all entries, the oldest first; see `pages`."""
        return pages(self._reading, AuditRow, filters.conditions())

    def check(self) -> Checked:
        """Check that every entry follows from the one before."""
        count, previous = 0, FIRST
        for page in self.walk(AuditFilters()):
            for row in page:
                if (row.id, row.previous, row.digest) != (count + 1, previous, digest(row)):
                    return Checked(count, row.id, previous)
                count, previous = count + 1, row.digest
        return Checked(count, None, previous)
