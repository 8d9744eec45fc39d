"""A watched folder as a source: `flawflow.watch`, with the station's record as the one receiver."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from flawflow.decision.calibration import Verdict
from flawflow.errors import ImageError, one_line
from flawflow.results.record import Record, readable
from flawflow.server.db import InspectionRow, Store
from flawflow.server.db.tables import NAME_LENGTH
from flawflow.server.errors import BusyError, LostCommitError
from flawflow.server.inspection_service import Failed, Given
from flawflow.server.security.paths import open_inside
from flawflow.server.sources.progress import Progress
from flawflow.server.sources.source import Source, check_place
from flawflow.server.station import Station
from flawflow.watch.journal import Journal
from flawflow.watch.watcher import LaterError, Watcher, WatchLimits

GIVE_UP_SECONDS = 60.0

# More than can be in work at a time, many times over.
_RECENT_IMAGES = 1000


class FolderRunner:
    """Inspects each picture file of a folder once, over restarts.

    The station's record and the journal are two databases: a crash between them would have a file
    inspected twice. So what the record has already of the newest pictures is taken from there.
    """

    def __init__(self, source: Source, station: Station, journal: Path) -> None:
        """Look at nothing yet.

        Args:
            source: Whose address is an allowed folder.
            station: Inspects and records.
            journal: The file that knows what is done.
        """
        self.progress = Progress()
        self._source, self._station, self._path = source, station, journal
        self._recorded: dict[tuple[str, str], Verdict] = {}
        self._failed: str | None = None
        self._waits: str | None = None
        self._is_unsure = False

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; see `Runner`."""
        journal = Journal(self._path)
        try:
            self.progress.seen = journal.count()
            self._recorded = _recorded(self._station.store, self._source.label, journal)
            watcher = self._watcher(journal)
            while not stop.is_set():
                check_place(self._source, self._station.settings)
                self._waits = None
                if self._is_unsure:
                    self._is_unsure = False
                    self._recorded = _recorded(self._station.store, self._source.label, journal)
                rest = watcher.round(stop)
                self.progress.seen = journal.count()
                self.progress.error = watcher.trouble or self._waits or self._failed
                stop.wait(rest)
        finally:
            journal.close()

    def _watcher(self, journal: Journal) -> Watcher:
        settings = self._station.settings
        return Watcher(
            Path(self._source.address),
            journal,
            self._examine,
            leave_out=settings.data,
            limits=WatchLimits(
                interval_seconds=self._source.interval,
                give_up_seconds=GIVE_UP_SECONDS,
                max_bytes=settings.max_picture_bytes,
            ),
            open_file=lambda path: open_inside(path, settings.allow),
            on_done=self._done,
        )

    def _done(self, record: Record) -> None:
        self.progress.seen += 1
        # Until the next one: a single file that cannot be read is no alarm for ever.
        self._failed = record.error
        if record.error is None:
            self.progress.latest = datetime.now(UTC)

    def _examine(self, path: str, content: bytes, sha256: str) -> Record:
        name = one_line(readable(Path(path).as_posix()))[:NAME_LENGTH]
        verdict = self._recorded.pop((name, sha256), None)
        if verdict is not None:
            return Record(verdict=verdict)
        model = self._station.registry.get(self._source.model)
        try:
            (future,) = self._station.inspection_service.submit(
                model, [Given(name, content)], source=self._source.label
            )
            outcome = future.result()
        except BusyError as error:
            # It may be recorded all the same, and is looked for before it is inspected again.
            self._is_unsure |= isinstance(error, LostCommitError)
            raise LaterError from None
        except (SQLAlchemyError, OSError) as error:
            problem = self._station.problem(error)
            if problem is None:
                raise
            # The database is away, or the disk is full: the picture waits in its folder.
            self._waits = f"{problem}; pictures wait"
            raise LaterError from None
        if isinstance(outcome, Failed):
            raise ImageError(f"{name}: {outcome.error}")
        return Record(verdict=cast(Verdict, outcome.verdict))


def _recorded(store: Store, label: str, journal: Journal) -> dict[tuple[str, str], Verdict]:
    """The verdicts of what the record has of a source and the journal has not, by name and content."""
    row = InspectionRow
    query = select(row.name, row.picture_sha256, row.verdict).where(row.source == label)
    newest: dict[str, tuple[str, str]] = {}
    with store.reading() as session:
        for name, sha256, verdict in session.execute(query.order_by(row.id.desc()).limit(_RECENT_IMAGES)):
            newest.setdefault(name, (sha256, verdict))
    return {
        (name, sha256): cast(Verdict, verdict)
        for name, (sha256, verdict) in newest.items()
        if sha256 not in {known.sha256 for known in journal.known([name]).values()}
    }
