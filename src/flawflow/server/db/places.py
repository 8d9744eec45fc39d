"""Where regions lie and how large they are, counted by coarse cells while inspections are recorded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session, sessionmaker

from flawflow.server.db.counting import add_counts
from flawflow.server.db.statistics import Span, quarter_of
from flawflow.server.db.statistics_tables import PlaceRow
from flawflow.server.db.tables import InspectionRow

CELLS = 30
"""Cells along each side of a picture; thirds of it begin at cells."""

SIZE_BOUNDS = (0.001, 0.01, 0.1)
"""The shares of the picture's area at which the next class of sizes begins."""

_NEWEST = 1000


@dataclass(frozen=True)
class PlaceCount:
    """How many regions of a model lie in a cell and belong to a class of sizes.

    Attributes:
        model: The model.
        cell: Row of cells times `CELLS`, plus the column.
        size: Class of sizes, 0 the smallest.
        count: Regions.
    """

    model: str
    cell: int
    size: int
    count: int


def count_regions(connection: Connection, rows: Iterable[InspectionRow]) -> None:
    """Count the regions of pictures judged NG or REVIEW that are recorded in the same transaction."""
    keys = Counter(
        (quarter_of(row.time), row.model, row.source, *place_of(region, row.height, row.width))
        for row in rows
        if row.verdict != "OK"
        for region in row.regions
    )
    add_counts(connection, PlaceRow, ("start", "model", "source", "cell", "size"), keys)


def place_of(region: dict[str, Any], height: int, width: int) -> tuple[int, int]:
    """Give the cell in which a region's centroid lies, and its class of sizes.

    Args:
        region: As a row has it, in pixels of the picture.
        height: Of the picture.
        width: Of the picture.

    >>> place_of({"centroid": [299.0, 0.0], "area": 150}, 100, 300)
    (29, 1)
    """
    x, y = region["centroid"]
    column, row = (int((value + 0.5) * CELLS / side) for value, side in ((x, width), (y, height)))
    share = region["area"] / (height * width)
    return CELLS * row + column, sum(share >= bound for bound in SIZE_BOUNDS)


class Regions:
    """Reads counts of regions, and on which picture to show them."""

    def __init__(self, reading: sessionmaker[Session]) -> None:
        """Take what makes sessions; see `Store`."""
        self._reading = reading

    def by_place(self, span: Span) -> Sequence[PlaceCount]:
        """Give the counts of each model, cell and class of sizes."""
        row = PlaceRow
        query = select(row.model, row.cell, row.size, func.sum(row.count))
        query = query.where(*span.conditions(row, row.start)).group_by(row.model, row.cell, row.size)
        with self._reading() as session:
            found = session.execute(query.order_by(row.model, row.cell, row.size))
            return [PlaceCount(model, cell, size, int(count)) for model, cell, size, count in found]

    def good_picture(self, model: str) -> InspectionRow | None:
        """Give a model's newest inspection that was judged OK, not called bad, and whose picture is kept.

        None where none of the newest is so: where pictures are not kept, all would be looked through.
        """
        row = InspectionRow
        newest = select(row.id).where(row.model == model).order_by(row.id.desc()).limit(_NEWEST).subquery()
        query = select(row).where(row.id.in_(select(newest.c.id)), row.verdict == "OK", row.has_picture)
        query = query.where(row.label.is_distinct_from("bad")).order_by(row.id.desc()).limit(1)
        with self._reading() as session:
            return session.scalar(query)
