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
