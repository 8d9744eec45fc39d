"""What came from where since a time: counts and the newest inspection of each model and source."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flawflow.server.db.tables import InspectionRow

_MAX_FEEDS = 64
_TIMES = 16


@dataclass(frozen=True)
class Feed:
    """A source of pictures and the model that inspects them.

    Attributes:
        counts: Inspections by verdict.
        newest: The last one.
        times: When the last ones were, the newest first; 16 at most.
    """

    counts: dict[str, int]
    newest: InspectionRow
    times: list[datetime]


def feeds_since(session: Session, since: datetime) -> list[Feed]:
    """Give the feeds that brought something since a time, the newest first; 64 at most."""
    row = InspectionRow
    query = select(row.model, row.source, row.verdict, func.count(), func.max(row.id))
    counts: dict[tuple[str, str], dict[str, int]] = {}
    newest: dict[tuple[str, str], int] = {}
    grouped = query.where(row.time >= since).group_by(row.model, row.source, row.verdict)
    for model, source, verdict, count, number in session.execute(grouped):
        feed = model, source
        counts.setdefault(feed, {"OK": 0, "REVIEW": 0, "NG": 0})[verdict] = count
        newest[feed] = max(newest.get(feed, 0), number)
    kept = sorted(newest, key=lambda feed: newest[feed], reverse=True)[:_MAX_FEEDS]
    return [Feed(counts[feed], session.get_one(row, newest[feed]), _times(session, *feed)) for feed in kept]


def _times(session: Session, model: str, source: str) -> list[datetime]:
    row = InspectionRow
    query = select(row.time).where(row.model == model, row.source == source)
    return list(session.scalars(query.order_by(row.id.desc()).limit(_TIMES)))
