"""What came from where since a time: counts and the newest inspection of each model and source."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flawflow.server.db.statistics import quarter_of
from flawflow.server.db.statistics_tables import QuarterRow
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
    """Give the feeds that brought something since a time, the newest first; 64 at most.

    Args:
        session: Reads.
        since: Counted is from the beginning of its quarter of an hour on.
    """
    row = QuarterRow
    query = select(row.model, row.source, row.verdict, func.sum(row.count))
    counts: dict[tuple[str, str], dict[str, int]] = {}
    grouped = query.where(row.start >= quarter_of(since)).group_by(row.model, row.source, row.verdict)
    for model, source, verdict, count in session.execute(grouped):
        counts.setdefault((model, source), {"OK": 0, "REVIEW": 0, "NG": 0})[verdict] = int(count)
    feeds = [_feed(session, *feed, counts[feed]) for feed in counts]
    return sorted(feeds, key=lambda feed: feed.newest.id, reverse=True)[:_MAX_FEEDS]


def _feed(session: Session, model: str, source: str, counts: dict[str, int]) -> Feed:
    row = InspectionRow
    query = select(row).where(row.model == model, row.source == source)
    newest = session.scalars(query.order_by(row.id.desc()).limit(_TIMES)).all()
    return Feed(counts, newest[0], [each.time for each in newest])
