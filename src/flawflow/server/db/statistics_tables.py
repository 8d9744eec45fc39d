"""What is counted while it is recorded, so that statistics need not read every inspection."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from flawflow.server.db.tables import NAME_LENGTH, Base, UtcTime


class QuarterRow(Base):
    """Inspections of a quarter of an hour; time zones and shifts begin at quarters.

    Attributes:
        start: When it began.
        count: How many there were of this model, source and verdict.
    """

    __tablename__ = "quarters"

    start: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    model: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    source: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(6), primary_key=True)
    count: Mapped[int]


class PlaceRow(Base):
    """Regions of a quarter of an hour; see `flawflow.server.db.places`.

    Attributes:
        start: When it began.
        cell: In which of the coarse cells of a picture their centroids lie.
        size: Their class of sizes.
        count: How many there were, of pictures judged NG or REVIEW.
    """

    __tablename__ = "places"

    start: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    model: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    source: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]
