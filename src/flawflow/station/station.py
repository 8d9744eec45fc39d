"""All parts of a station, put together."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from flawflow.station.desk import Desk
from flawflow.station.errors import BusyError, NotFoundError
from flawflow.station.events import Events
from flawflow.station.lock import FolderLock
from flawflow.station.looking import Looking
from flawflow.station.meters import Meters
from flawflow.station.models import Model, Registry
from flawflow.station.record import InspectionRow, Store
from flawflow.station.scribe import Scribe
from flawflow.station.settings import Settings
from flawflow.station.shapes import inspection_json, model_json
from flawflow.station.shelf import Shelf

_log = logging.getLogger("flawflow.station")

_REFRESH_SECONDS = 1.0
_SWEEP_SECONDS = 3600.0
_RESTART_SECONDS = 10
_LEAST_FREE_BYTES = 100 * 2**20


@dataclass(frozen=True, kw_only=True)
class Station:
    """A running station.

    Attributes:
        settings: What it was told.
        store: Its record.
        shelf: Its files.
        registry: Its models.
        desk: Inspects.
        looking: Makes what people look at.
        events: What happens, for pages that listen.
        meters: What Prometheus reads.
    """

    settings: Settings
    store: Store
    shelf: Shelf
    registry: Registry
    desk: Desk
    looking: Looking
    events: Events
    meters: Meters
    _scribe: Scribe
    _lock: FolderLock
    _stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Start a station: database, models, workers, and what is done from time to time.

        Raises:
            FlawflowError: When a model, the database or the data folder cannot be used.
        """
        settings.data.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(settings.data)
        try:
            store = Store(settings.database_url)
            events, meters, shelf = Events(), Meters(), Shelf(settings.data)

            def tell_model(model: Model) -> None:
                events.publish({"type": "model", "model": model_json(model, registry.versions(model.name))})

            registry = Registry(
                settings.models, folder=settings.data, store=store, threads=1, changed=tell_model
            )
        except BaseException:
            lock.release()
            raise

        meters.watch_models(registry.all)

        def tell_inspections(rows: Sequence[InspectionRow]) -> None:
            for row in rows:
                events.publish({"type": "inspection", "inspection": inspection_json(row)})

        scribe = Scribe(store, shelf, in_work=lambda: desk.in_work, written=tell_inspections)
        desk = Desk(settings, scribe=scribe, meters=meters)
        station = cls(
            settings=settings,
            store=store,
            shelf=shelf,
            registry=registry,
            desk=desk,
            looking=Looking(settings.data / "views", max_pixels=settings.max_pixels),
            events=events,
            meters=meters,
            _scribe=scribe,
            _lock=lock,
        )
        # Only a crash leaves files without records, so that the start is the time to look for them.
        shelf.drop_orphans(store.known)
        station._every(_REFRESH_SECONDS, registry.refresh)
        station._every(_SWEEP_SECONDS, station.sweep)
        return station

    def check(self) -> None:
        """Make sure that pictures can be inspected and recorded.

        Raises:
            BusyError: They cannot, or not now.
        """
        if self._stopped.is_set():
            raise BusyError("the station stops", retry_after=_RESTART_SECONDS)
        try:
            self.store.check()
        except SQLAlchemyError:
            raise BusyError("the database does not answer", retry_after=_RESTART_SECONDS) from None
        if self.shelf.free_bytes() < _LEAST_FREE_BYTES:
            raise BusyError("the disk is full: make room", retry_after=_RESTART_SECONDS)

    def close(self) -> None:
        """Finish what is in work, then stop; may be called twice."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.events.close()
        self.looking.close()
        self.desk.close()
        self._scribe.close()
        self.store.close()
        self._lock.release()

    def picture_path(self, row: InspectionRow) -> Path:
        """Give the file of an inspection's picture, byte for byte as it came.

        Raises:
            NotFoundError: It was not kept, or is not any more.
        """
        if not row.has_picture:
            raise NotFoundError("this picture is not kept")
        return self.shelf.picture(row.key)

    def sweep(self) -> None:
        """Remove the pictures and maps whose time is over."""
        days = self.settings.keep_days
        while days is not None and not self._stopped.is_set():
            keys = self.store.expire(datetime.now(UTC) - timedelta(days=days))
            if not keys:
                break
            # The record first: a crash between leaves a file without a record, which the next start removes.
            self.shelf.drop_pictures(keys)
            self.looking.drop(keys)

    def _every(self, seconds: float, action: Callable[[], None]) -> None:
        def run() -> None:
            while not self._stopped.is_set():
                try:
                    action()
                except Exception:  # The next turn may go better (a disk that was full, a database away).
                    _log.exception("%s failed", action.__name__)
                self._stopped.wait(seconds)

        threading.Thread(target=run, name=f"flawflow-{action.__name__}", daemon=True).start()
