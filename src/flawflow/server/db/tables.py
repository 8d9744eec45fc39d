"""The tables. A change here is a new migration in `migrations/versions`, in the same commit."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite numbers rows by itself only where the type is its own INTEGER, which has 64 bits as well.
Id = BigInteger().with_variant(Integer(), "sqlite")

NAME_LENGTH = 255


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC, kept without a zone: SQLite knows none, and PostgreSQL would convert."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Drop the zone, UTC."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Add the zone, UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables share."""


class InspectionRow(Base):
    """One inspection.

    Attributes:
        key: What its picture's file is called; random, so that no name from outside becomes a path.
        name: The picture's name as it was given; for people only.
        heat_low: The map value that the stored map shows as 0.
        heat_high: The map value that the stored map shows as 255.
        label_version: Counts the changes of label and mask, so that nobody overwrites another's unseen.
        labelled_by: Who made the last of them.
        whole_image: As of `Inspection`.
    """

    __tablename__ = "inspections"
    __table_args__ = (
        Index("inspections_by_model", "model", "id"),
        Index("inspections_by_verdict", "verdict", "id"),
        Index("inspections_by_label", "label", "id"),
        Index("inspections_by_time", "time"),
        Index(
            "inspections_reviewed",
            "model",
            "label",
            "verdict",
            "time",
            sqlite_where=text("label IS NOT NULL"),
            postgresql_where=text("label IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    time: Mapped[datetime] = mapped_column(UtcTime)
    model: Mapped[str] = mapped_column(String(NAME_LENGTH))
    model_sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    source: Mapped[str] = mapped_column(String(NAME_LENGTH))
    score: Mapped[float] = mapped_column(Double)
    p_value: Mapped[float] = mapped_column(Double)
    verdict: Mapped[str] = mapped_column(String(6))
    regions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    height: Mapped[int]
    width: Mapped[int]
    timings: Mapped[dict[str, float]] = mapped_column(JSON)
    picture_sha256: Mapped[str] = mapped_column(String(64))
    heat_low: Mapped[float] = mapped_column(Double)
    heat_high: Mapped[float] = mapped_column(Double)
    has_picture: Mapped[bool]
    has_map: Mapped[bool]
    has_mask: Mapped[bool] = mapped_column(default=False)
    label: Mapped[str | None] = mapped_column(String(4))
    labelled: Mapped[datetime | None] = mapped_column(UtcTime)
    label_version: Mapped[int] = mapped_column(server_default="0")
    labelled_by: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    whole_image: Mapped[bool | None]


class MapRow(Base):
    """The anomaly map of an inspection: 8-bit grey PNG at the graph's size.

    It is in the database, so that it is there exactly when its inspection is, at no write of its own.
    """

    __tablename__ = "maps"

    inspection: Mapped[int] = mapped_column(
        Id, ForeignKey("inspections.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    png: Mapped[bytes] = mapped_column(LargeBinary)


class RatesRow(Base):
    """Rates that a person set for a model; the newest counts, the others tell who judged how and when."""

    __tablename__ = "rates"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    time: Mapped[datetime] = mapped_column(UtcTime)
    model: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    false_reject_rate: Mapped[float] = mapped_column(Double)
    review_rate: Mapped[float] = mapped_column(Double)


class SwitchRow(Base):
    """A switch of a model to a version; the newest counts, the one before is what a rollback goes to."""

    __tablename__ = "switches"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    time: Mapped[datetime] = mapped_column(UtcTime)
    model: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    version: Mapped[int]


class IdentityRow(Base):
    """The one row that says which data folder the record belongs to.

    Attributes:
        station: The station's identity, 32 hexadecimal digits; the data folder has the same in a file.
        probed: When somebody last asked whether the record can be written.
    """

    __tablename__ = "identity"

    station: Mapped[str] = mapped_column(String(32), primary_key=True)
    probed: Mapped[datetime | None] = mapped_column(UtcTime)
