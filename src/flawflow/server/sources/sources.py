"""All sources of a station: kept over restarts, each with a thread of its own."""

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flawflow.errors import FlawflowError
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.sources.folder import FolderRunner
from flawflow.server.sources.frames import require_reader
from flawflow.server.sources.kept import read_sources, write_sources
from flawflow.server.sources.progress import Progress
from flawflow.server.sources.source import Kind, Runner, Source, check_place, checked_address
from flawflow.server.sources.stream import StreamRunner
from flawflow.server.station import Station
from flawflow.storage.urls import shown_url

_MAX_SOURCES = 32
_PATIENCE_SECONDS = 15.0
_RESTART_SECONDS = 2.0

_log = logging.getLogger("flawflow.server")


@dataclass
class _Running:
    runner: Runner
    thread: threading.Thread
    stop: threading.Event = field(default_factory=threading.Event)


class Sources:
    """Starts, stops and remembers sources. Safe to use from several threads."""

    def __init__(self, station: Station) -> None:
        """Read what sources there are; nothing runs before `start`."""
        self._station = station
        self._folder = station.settings.data / "sources"
        self._lock = threading.RLock()
        self._running: dict[int, _Running] = {}
        self._errors: dict[int, str] = {}
        self._sources = {source.id: source for source in read_sources(self._folder)}

    def start(self) -> None:
        """Start all sources."""
        for source in list(self._sources.values()):
            try:
                self._start(source)
            except FlawflowError as error:
                # A package is missing, which only a new start can find.
                self._errors[source.id] = str(error)

    def all(self) -> list[dict[str, Any]]:
        """Give all sources, ready for JSON."""
        with self._lock:
            return [self._json(source) for source in self._sources.values()]

    def add(self, kind: Kind, address: str, model: str | None, interval: float) -> dict[str, Any]:
        """Add a source and start it.

        Raises:
            RefusedError: The address may not be used.
            NotFoundError: There is no such model.
            NoReaderError: What reads it is not installed.
            ConflictError: There is one like it, or there are too many.
        """
        found = checked_address(kind, address, self._station.settings)
        name = self._station.registry.get(model).name
        with self._lock:
            if any((other.kind, other.address) == (kind, found) for other in self._sources.values()):
                raise ConflictError(f"{shown_url(address):.200} is a source already: remove it first")
            if len(self._sources) >= _MAX_SOURCES:
                raise ConflictError(f"a station has at most {_MAX_SOURCES} sources: remove one first")
            number = max(self._sources, default=0) + 1
            source = Source(id=number, kind=kind, address=found, model=name, interval=interval)
            self._start(source)
            self._sources[number] = source
            self._write()
            return self._json(source)

    def remove(self, number: int) -> str:
        """Stop a source, forget it and give its address; what it brought stays in the record.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._lock:
            if number not in self._sources:
                raise NotFoundError(f"there is no source {number}")
            running = self._running.pop(number, None)
            source = self._sources.pop(number)
            self._write()
        if running is not None:
            running.stop.set()
            running.thread.join(_PATIENCE_SECONDS)
        for path in self._folder.glob(f"{number}.sqlite*"):
            path.unlink(missing_ok=True)
        return source.shown

    def close(self) -> None:
        """Stop all sources; they go on at the next start."""
        running = list(self._running.values())
        for each in running:
            each.stop.set()
        for each in running:
            each.thread.join(_PATIENCE_SECONDS)

    def _start(self, source: Source) -> None:
        runner = self._runner(source)
        stop = threading.Event()
        name = f"flawflow-source-{source.id}"
        thread = threading.Thread(target=self._work, args=(source, runner, stop), name=name, daemon=True)
        self._running[source.id] = _Running(runner, thread, stop)
        thread.start()

    def _work(self, source: Source, runner: Runner, stop: threading.Event) -> None:
        """Have a runner work to its end; whatever hinders it may pass, and is to be seen in the source."""
        while not stop.is_set():
            try:
                self._station.registry.get(source.model)
                check_place(source, self._station.settings)
                runner.run(stop)
                return
            except FlawflowError as error:
                runner.progress.error = str(error)
            except Exception as error:
                # A database that is away is reported by the source, not by a traceback every other second.
                problem = self._station.store.problem(error)
                if problem is None:
                    _log.exception("source %d failed", source.id)
                    problem = "the station's log says why"
                runner.progress.error = f"it failed and will be tried again: {problem}"
            stop.wait(_RESTART_SECONDS)

    def _runner(self, source: Source) -> Runner:
        if source.kind == "folder":
            return FolderRunner(source, self._station, self._folder / f"{source.id}.sqlite")
        require_reader(source.address)
        return StreamRunner(source, self._station, lambda seconds: self._reached(source.id, seconds))

    def _reached(self, number: int, seconds: float) -> None:
        with self._lock:
            if number in self._sources:
                self._sources[number] = replace(self._sources[number], position=seconds)
                self._write()

    def _json(self, source: Source) -> dict[str, Any]:
        running = self._running.get(source.id)
        progress = Progress() if running is None else running.runner.progress
        return {
            "id": source.id,
            "kind": source.kind,
            "address": source.shown,
            "label": source.label,
            "model": source.model,
            "interval": source.interval,
            "running": running is not None and running.thread.is_alive(),
            "seen": progress.seen,
            "error": self._errors.get(source.id) if running is None else progress.error,
            "since": _text(progress.since),
            "latest": _text(progress.latest),
        }

    def _write(self) -> None:
        write_sources(self._folder, self._sources.values())


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")
