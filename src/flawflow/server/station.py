"""All parts of a station, put together."""

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from flawflow.errors import one_line
from flawflow.server.batch_writer import BatchWriter
from flawflow.server.db import InspectionRow, Store
from flawflow.server.db.people import PeopleTables
from flawflow.server.db.problems import disk_problem
from flawflow.server.errors import BusyError, NotFoundError, StationError
from flawflow.server.events import Events
from flawflow.server.folder import make_private
from flawflow.server.identity import open_record
from flawflow.server.image_store import ORPHANS, ImageStore
from flawflow.server.inspection_service import InspectionService
from flawflow.server.lock import station_lock
from flawflow.server.metrics import Metrics
from flawflow.server.models import Model, Registry
from flawflow.server.reports import Reports
from flawflow.server.schemas import inspection_event, model_json
from flawflow.server.security.access import Access
from flawflow.server.security.failed_logins import TokenCheck
from flawflow.server.security.people import People
from flawflow.server.security.sessions import Sessions
from flawflow.server.settings import Settings
from flawflow.server.sinks import Deliveries, open_sinks
from flawflow.server.view_cache import ViewCache
from flawflow.storage.file_lock import FileLock

_log = logging.getLogger("flawflow.server")

_REFRESH_SECONDS = 1.0
_SWEEP_SECONDS = 3600.0
_REPORT_SECONDS = 10.0
# A database that does not answer must not keep a station from ending.
_MAX_ROUND_SECONDS = 30.0
RETRY_SECONDS = 10
"""When to come back to a station whose database or disk cannot be used, or that starts again."""


@dataclass(frozen=True, kw_only=True)
class Station:
    """A running station.

    Attributes:
        settings: What it was told.
        journal: Its identity, which its records are of.
        store: Its record.
        image_store: Its files.
        registry: Its models.
        inspection_service: Inspects.
        looking: Makes what people look at.
        events: What happens, for pages that listen.
        metrics: What Prometheus reads.
        sessions: Who has logged in.
        people: Who may sign in by name.
        access: Tells who a request comes from.
        reports: Makes reports.
    """

    settings: Settings
    journal: str
    store: Store
    image_store: ImageStore
    registry: Registry
    inspection_service: InspectionService
    looking: ViewCache
    events: Events
    metrics: Metrics
    sessions: Sessions
    people: People
    access: Access
    reports: Reports
    _batch_writer: BatchWriter
    _deliveries: Deliveries
    _lock: FileLock
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Start a station: database, models, workers, and what is done from time to time.

        Raises:
            FlawflowError: When a model, the database or the data folder cannot be used.
        """
        make_private(settings.data)
        sinks = open_sinks(settings.to, settings.data)
        events, metrics, image_store = Events(), Metrics(), ImageStore(settings.data)

        def tell_model(model: Model) -> None:
            events.publish({"type": "model", "model": model_json(model, registry.versions(model.name))})

        with contextlib.ExitStack() as opened:
            lock = station_lock(settings.data)
            opened.callback(lock.release)
            store, journal = open_record(settings, image_store.keys())
            opened.callback(store.close)
            try:
                registry = Registry(
                    settings.models,
                    folder=settings.data,
                    store=store,
                    threads=1,
                    engine=settings.engine,
                    shares_rates=settings.replica,
                    changed=tell_model,
                )
                people = People(PeopleTables(store.reading, store.writing))
            except SQLAlchemyError as error:
                raise StationError(store.problem(error) or one_line(str(error))) from None
            if settings.sign_in and not len(people):
                raise StationError(
                    "nobody can sign in yet: add an admin by flawflow users add NAME --role admin "
                    f"--data {settings.data}"
                )
            # Only a crash leaves files without records, so that the start is the time to look for them.
            _tidy(settings, store, image_store)
            opened.pop_all()

        metrics.watch_models(registry.all)

        def tell_inspections(rows: Sequence[InspectionRow]) -> None:
            for row in rows:
                events.publish(inspection_event(row, journal))
            deliveries.wake()

        deliveries = Deliveries(sinks, store, settings.data, journal)
        batch_writer = BatchWriter(
            store, image_store, in_work=lambda: inspection_service.in_work, written=tell_inspections
        )
        inspection_service = InspectionService(settings, batch_writer=batch_writer, metrics=metrics)
        sessions = Sessions(settings.data / "sessions.json", settings.token)
        tokens = None if settings.token is None else TokenCheck(settings.token)
        station = cls(
            settings=settings,
            journal=journal,
            store=store,
            image_store=image_store,
            registry=registry,
            inspection_service=inspection_service,
            looking=ViewCache(settings.data / "views", max_pixels=settings.max_pixels),
            events=events,
            metrics=metrics,
            sessions=sessions,
            people=people,
            access=Access(settings, people, sessions, tokens, store.audit),
            reports=Reports(settings, store, image_store),
            _batch_writer=batch_writer,
            _deliveries=deliveries,
            _lock=lock,
        )
        station._every(_REFRESH_SECONDS, registry.refresh)
        station._every(_REFRESH_SECONDS, people.refresh)
        station._every(_SWEEP_SECONDS, station.sweep)
        station._every(_REPORT_SECONDS, station.reports.write_due)
        return station

    def check(self) -> None:
        """Make sure that pictures can be inspected and recorded.

        Raises:
            BusyError: They cannot, or not now.
        """
        if self._stopped.is_set():
            raise BusyError("the station stops", retry_after=RETRY_SECONDS)
        try:
            self.store.check()
            if self.settings.keep_pictures != "none":
                self.image_store.check()
        except (SQLAlchemyError, OSError) as error:
            raise BusyError(self.problem(error) or one_line(str(error)), retry_after=RETRY_SECONDS) from None

    def problem(self, error: Exception) -> str | None:
        """Say in a sentence why nothing can be recorded or read now; None for an error of another kind."""
        return self.store.problem(error) or disk_problem(error)

    def close(self) -> None:
        """Finish what is in work, then stop; may be called twice."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.events.close()
        self.looking.close()
        self.inspection_service.close()
        self._batch_writer.close()
        self._deliveries.close()
        for thread in self._threads:
            thread.join(_MAX_ROUND_SECONDS)
        self.store.close()
        self._lock.release()

    def picture_path(self, row: InspectionRow) -> Path:
        """Give the file of an inspection's picture, byte for byte as it came.

        Raises:
            NotFoundError: It was not kept, or is not any more.
        """
        if not row.has_picture:
            raise NotFoundError("this picture is not kept")
        return self.image_store.picture(row.key)

    def sweep(self) -> None:
        """Remove the pictures and maps whose time is over."""
        days = self.settings.keep_days
        while days is not None and not self._stopped.is_set():
            keys = self.store.expire(datetime.now(UTC) - timedelta(days=days))
            if not keys:
                break
            # The record first: a crash between leaves a file without a record, which the next start removes.
            self.image_store.drop_pictures(keys)
            self.looking.drop(keys)

    def _every(self, seconds: float, action: Callable[[], None]) -> None:
        def run() -> None:
            while not self._stopped.is_set():
                try:
                    action()
                except Exception:  # The next turn may go better (a disk that was full, a database away).
                    _log.exception("%s failed", action.__name__)
                self._stopped.wait(seconds)

        thread = threading.Thread(target=run, name=f"flawflow-{action.__name__}", daemon=True)
        self._threads.append(thread)
        thread.start()


def _tidy(settings: Settings, store: Store, image_store: ImageStore) -> None:
    try:
        count = image_store.tidy(store.kept)
    except (SQLAlchemyError, OSError) as error:
        # It can wait: what can still be recorded is.
        _log.error("%s", store.problem(error) or disk_problem(error) or one_line(str(error)))
        return
    if count:
        _log.warning("pictures without a record were moved to %s (%d)", settings.data / ORPHANS, count)
