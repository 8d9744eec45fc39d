"""What the record forgets when its time is over."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from flawflow.server.db.tables import InspectionRow, MapRow


def forget_pictures(session: Session, before: datetime, limit: int) -> list[str]:
    """Forget pictures and maps from before a time, `limit` at most; good, bad and drawn ones stay.

    Returns:
        The keys of the pictures whose files may go when this is committed; empty when all is done.
    """
    row = InspectionRow
    unlabelled = row.label.is_(None) | (row.label == "skip")
    old = select(row).where(
        row.time < before, row.has_picture | row.has_map, unlabelled, row.has_mask.is_(False)
    )
    found = list(session.scalars(old.limit(limit)))
    numbers = [each.id for each in found]
    session.execute(update(row).where(row.id.in_(numbers)).values(has_picture=False, has_map=False))
    for each in session.scalars(select(MapRow).where(MapRow.inspection.in_(numbers))):
        session.delete(each)
    return [each.key for each in found]
