"""Pictures that come by themselves: each draft's intake in a thread of its own, over restarts."""

import logging
import threading
import time
from dataclasses import dataclass, field, replace

from flawflow.errors import FlawflowError
from flawflow.server.errors import ConflictError
from flawflow.server.learning.draft import Intake
from flawflow.server.learning.drafts import Drafts
from flawflow.server.learning.intake_pictures import Taken, pictures_of
from flawflow.server.settings import Settings
from flawflow.server.station import Station

_PATIENCE_SECONDS = 15.0
# So often what came is kept: the file of a draft is written whole each time.
_BATCH_SECONDS = 0.5
_BATCH_BYTES = 64 << 20

_log = logging.getLogger("flawflow.server")


@dataclass
class _Running:
    thread: threading.Thread
    stop: threading.Event


@dataclass
class _Batch:
    """What came since the last time that anything was kept."""

    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    failed: int = 0
    error: str | None = None
    position: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def add(self, taken: Taken | str | None) -> None:
        if isinstance(taken, str):
            self.error = taken
        elif taken is not None:
            self._add(taken)

    def _add(self, taken: Taken) -> None:
        self.position = taken.position
        if isinstance(taken.content, bytes):
            self.pictures.append((taken.name, taken.content))
        else:
            self.failed += 1
            self.error = f"{taken.name}: {taken.content}"

    def is_due(self) -> bool:
        size = sum(len(content) for _, content in self.pictures)
        return time.monotonic() - self.began > _BATCH_SECONDS or size > _BATCH_BYTES


class Intakes:
    """Starts, stops and resumes intakes. Safe to use from several threads."""

    def __init__(self, station: Station, drafts: Drafts) -> None:
        """Take what is taken into; nothing runs before `start`."""
        self._settings: Settings = station.settings
        self._station, self._drafts = station, drafts
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}

    def start(self) -> None:
        """Resume what ran when the station ended."""
        for draft in self._drafts.all():
            if draft.intake is not None and draft.intake.running:
                self._start(draft.name)

    def begin(self, name: str, intake: Intake) -> None:
        """Begin an intake.

        Raises:
            ConflictError: Pictures come already.
        """
        with self._drafts.lock:
            before = self._drafts.get(name).intake
            if before is not None and before.running:
                raise ConflictError(f"pictures of {before.address} come already: stop that first")
            self._drafts.add(name, [], intake=intake)
        self._start(name)

    def stop(self, name: str) -> None:
        """Stop an intake; what has come stays."""
        with self._lock:
            running = self._running.pop(name, None)
        if running is not None:
            running.stop.set()
            running.thread.join(_PATIENCE_SECONDS)
        intake = self._drafts.get(name).intake
        if intake is not None and intake.running:
            self._end(name, intake.error)

    def close(self) -> None:
        """Stop all threads; the intakes go on at the next start."""
        with self._lock:
            running = list(self._running.values())
        for each in running:
            each.stop.set()
        for each in running:
            each.thread.join(_PATIENCE_SECONDS)

    def _start(self, name: str) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(name, stop), name=f"flawflow-{name}", daemon=True)
        with self._lock:
            self._running[name] = _Running(thread, stop)
        thread.start()

    def _run(self, name: str, stop: threading.Event) -> None:
        try:
            self._take(name, stop)
            intake = self._drafts.get(name).intake
            error = None if intake is None else intake.error
        except FlawflowError as found:
            error = str(found)
        except Exception as found:  # Nobody waits for this thread: what happened must be seen in the draft.
            _log.exception("the intake of %s failed", name)
            error = self._station.problem(found) or "the station's log says why"
        if not stop.is_set():
            self._end(name, error)

    def _take(self, name: str, stop: threading.Event) -> None:
        intake = self._drafts.get(name).intake
        assert intake is not None
        batch = _Batch(position=intake.position)
        try:
            for taken in pictures_of(intake, self._drafts.folder(name).path, self._settings, stop):
                batch.add(taken)
                if stop.is_set() or intake.kept + len(batch.pictures) >= intake.most:
                    return
                if batch.is_due():
                    intake, batch = self._keep(name, intake, batch), _Batch(position=batch.position)
        finally:
            # A video that ends in the middle of something has given pictures before.
            self._keep(name, intake, batch)

    def _keep(self, name: str, intake: Intake, batch: _Batch) -> Intake:
        """Keep what came, and then how far the intake is: what comes twice after a crash is known."""
        if not batch.pictures and batch.error is None:
            return intake
        done = self._drafts.add(name, batch.pictures)
        errors = [f"{shown}: {why}" for shown, why in done.failures]
        intake = replace(
            intake,
            position=batch.position,
            kept=intake.kept + done.added,
            known=intake.known + done.known,
            failed=intake.failed + batch.failed + len(errors),
            # A camera is well again when pictures come; what is wrong with a file of a folder stays so.
            error=[batch.error, *errors][-1] or (intake.error if intake.kind == "folder" else None),
        )
        self._drafts.change(name, intake=intake)
        return intake

    def _end(self, name: str, error: str | None) -> None:
        intake = self._drafts.get(name).intake
        assert intake is not None
        self._drafts.change(name, intake=replace(intake, running=False, error=error))
        if intake.kind == "upload":
            (self._drafts.folder(name).path / intake.address).unlink(missing_ok=True)
