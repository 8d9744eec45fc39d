"""What the station remembers: the one place that talks to the database."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from flawflow.server.db.audit import AuditLog, append
from flawflow.server.db.database import open_database
from flawflow.server.db.expiry import forget_pictures
from flawflow.server.db.filters import Filters, Label
from flawflow.server.db.inserting import insert_inspections
from flawflow.server.db.pages import PAGE_ROWS, pages
from flawflow.server.db.places import Regions
from flawflow.server.db.probe import probe
from flawflow.server.db.problems import database_problem
from flawflow.server.db.reviewing import change_label, change_mask, newest_unlabelled
from flawflow.server.db.statistics import Statistics
from flawflow.server.db.tables import InspectionRow, MapRow, RatesRow, SwitchRow
from flawflow.server.errors import LostCommitError, NotFoundError


class Store:
    """The record of a station. Safe to use from several threads; every method is one transaction.

    Rows that are handed out belong to no session: changing one changes nothing.

    Attributes:
        reading: Makes sessions that read.
        writing: Makes sessions that write; use as `with store.writing.begin() as session`.
        audit: Who did what.
        statistics: Counts.
        regions: Counts of regions by place and size.
    """

    def __init__(
        self, url: str, *, admit: Callable[[Connection], None] = lambda _: None, is_replica: bool = False
    ) -> None:
        """Open the database and bring it to the tables of this flawflow; as `open_database`.

        Raises:
            StationError: When it cannot be used.
        """
        self._database = open_database(url, admit=admit, is_replica=is_replica)
        self._engine = self._database.engine
        self.reading = sessionmaker(self._engine, expire_on_commit=False)
        self.writing = sessionmaker(self._engine.execution_options(write=True), expire_on_commit=False)
        self.statistics = Statistics(self.reading)
        self.regions = Regions(self.reading)
        self.audit = AuditLog(self.reading, self.writing)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def problem(self, error: Exception) -> str | None:
        """Say in a sentence what is wrong with the database; None where the error is of another kind."""
        return database_problem(error, self._database.shown)

    def check(self) -> None:
        """Make sure that an inspection could be recorded now: do all of it, and take it back.

        Raises:
            BusyError: Another station works in the database.
            sqlalchemy.exc.SQLAlchemyError: It could not; `problem` says why.
        """
        probe(self._engine)

    def add(self, inspections: Sequence[tuple[InspectionRow, bytes]]) -> None:
        """Record inspections with their maps; when this returns they are on the disk, with their ids set.

        Raises:
            LostCommitError: The connection broke off while the database recorded: they may be there or not.
            BusyError: Another station works in the database; nothing was recorded.
            sqlalchemy.exc.SQLAlchemyError: Nothing was recorded.
        """
        with self._engine.execution_options(write=True).connect() as connection:
            transaction = connection.begin()
            numbers = insert_inspections(connection, inspections)
            try:
                transaction.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise LostCommitError("the database broke off while it recorded this picture") from error
                raise
        for number, (row, _) in zip(numbers, inspections, strict=True):
            row.id = number

    def get(self, number: int) -> InspectionRow:
        """Give one inspection.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self.reading() as session:
            row = session.get(InspectionRow, number)
        if row is None:
            raise NotFoundError(f"there is no inspection {number}")
        return row

    def get_map(self, number: int) -> bytes:
        """Give the map of an inspection as PNG.

        Raises:
            NotFoundError: There is none, or it is not kept any more.
        """
        with self.reading() as session:
            found = session.get(MapRow, number)
            if found is None:
                raise NotFoundError(
                    f"inspection {number} has no map: it was not kept, or there is no such inspection"
                )
            return found.png

    def find(self, filters: Filters, *, before: int | None = None, limit: int = 50) -> list[InspectionRow]:
        """Give inspections, the newest first.

        Args:
            filters: Which.
            before: Only ids below this.
            limit: The most to give.
        """
        query = select(InspectionRow).where(*filters.conditions()).order_by(InspectionRow.id.desc())
        if before is not None:
            query = query.where(InspectionRow.id < before)
        with self.reading() as session:
            return list(session.scalars(query.limit(limit)))

    def walk(self, filters: Filters) -> Iterator[list[InspectionRow]]:
        """Give all inspections, the oldest first; see `pages`."""
        return pages(self.reading, InspectionRow, filters.conditions())

    def review_queue(self, model: str | None, *, limit: int) -> list[InspectionRow]:
        """Give inspections that wait for a person: REVIEW without a label, the oldest first."""
        conditions = Filters(model=model, verdict="REVIEW", label="none").conditions()
        query = select(InspectionRow).where(*conditions).order_by(InspectionRow.id).limit(limit)
        with self.reading() as session:
            return list(session.scalars(query))

    def nearest(
        self, model: str, sha256: str, thresholds: Sequence[float], *, limit: int
    ) -> list[InspectionRow]:
        """Give a model's newest inspections without a label whose score is nearest to a threshold.

        Args:
            model: Its name.
            sha256: Its file's: scores of other versions cannot be compared with its thresholds.
            thresholds: One at least; the nearest of them counts.
            limit: The most to give.
        """
        with self.reading() as session:
            newest = newest_unlabelled(session, model, sha256)
        newest.sort(key=lambda each: min(abs(each.score - threshold) for threshold in thresholds))
        return newest[:limit]

    def count(self, filters: Filters) -> dict[str, int]:
        """Count the inspections of each verdict; the filters' own verdict is left aside."""
        conditions = Filters(**{**vars(filters), "verdict": None}).conditions()
        query = select(InspectionRow.verdict, func.count()).where(*conditions).group_by(InspectionRow.verdict)
        with self.reading() as session:
            found: dict[str, int] = {verdict: number for verdict, number in session.execute(query)}  # noqa: C416
        return {verdict: found.get(verdict, 0) for verdict in ("OK", "REVIEW", "NG")}

    def recent_scores(self, model: str, *, limit: int) -> list[tuple[float, str]]:
        """Give (score, verdict) of a model's newest inspections, the newest first."""
        row = InspectionRow
        query = select(row.score, row.verdict).where(row.model == model).order_by(row.id.desc()).limit(limit)
        with self.reading() as session:
            return [(score, verdict) for score, verdict in session.execute(query)]

    def set_label(self, number: int, label: Label | None, *, version: int | None = None) -> InspectionRow:
        """Set or, with None, remove what a person said of an inspection; see `change_label`."""
        with self.writing.begin() as session:
            return change_label(session, number, label, version)

    def set_mask(
        self,
        number: int,
        *,
        has_mask: bool,
        version: int | None = None,
        keep: Callable[[str], None] = lambda _: None,
    ) -> InspectionRow:
        """Remember whether a person drew a mask; see `change_mask`."""
        with self.writing.begin() as session:
            return change_mask(session, number, has_mask, version, keep)

    def rates(self, model: str) -> tuple[float, float] | None:
        """Give the (false reject rate, review rate) that a person set for a model, None where none was."""
        query = select(RatesRow).where(RatesRow.model == model).order_by(RatesRow.id.desc()).limit(1)
        with self.reading() as session:
            row = session.scalar(query)
            return None if row is None else (row.false_reject_rate, row.review_rate)

    def set_rates(self, model: str, *, before: dict[str, float] | None = None, **rates: float) -> None:
        """Remember `false_reject_rate` and `review_rate` of a model; `before` is for the audit log."""
        with self.writing.begin() as session:
            session.add(RatesRow(time=datetime.now(UTC), model=model, **rates))
            append(session, "rates", f"model/{model}", old=before, new=rates)

    def switches(self, model: str) -> list[int]:
        """Give the versions that a model was switched to, the newest first."""
        query = select(SwitchRow.version).where(SwitchRow.model == model).order_by(SwitchRow.id.desc())
        with self.reading() as session:
            return list(session.scalars(query))

    def add_switch(
        self, model: str, version: int, *, before: int | None = None, action: str = "switch"
    ) -> None:
        """Remember a switch from a version, or a rollback, to another."""
        with self.writing.begin() as session:
            session.add(SwitchRow(time=datetime.now(UTC), model=model, version=version))
            append(session, action, f"model/{model}", old=before, new=version)

    def kept(self, keys: Sequence[str]) -> dict[str, bool]:
        """Give whether its picture is kept for those of some keys that belong to inspections."""
        row = InspectionRow
        with self.reading() as session:
            found = session.execute(select(row.key, row.has_picture).where(row.key.in_(keys)))
            return {key: has_picture for key, has_picture in found}  # noqa: C416

    def expire(self, before: datetime, *, limit: int = PAGE_ROWS) -> list[str]:
        """Forget pictures and maps from before a time, `limit` at most; good, bad and drawn ones stay.

        Returns:
            The keys of the pictures whose files may go now; empty when all is done.
        """
        with self.writing.begin() as session:
            return forget_pictures(session, before, limit)
