"""The one way to inspect: for requests, watched folders and streams alike."""

import functools
import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from flawflow.errors import FlawflowError, one_line
from flawflow.images.decode import is_known
from flawflow.images.read import naming
from flawflow.inspection.inspection import Inspection
from flawflow.inspection.parallel import default_workers
from flawflow.results.record import readable
from flawflow.server.batch_writer import BatchWriter, Entry
from flawflow.server.db import InspectionRow
from flawflow.server.db.tables import NAME_LENGTH
from flawflow.server.drift_watch import DriftWatch
from flawflow.server.errors import BusyError, NotFoundError, TooLargeError, UnknownKindError, status_of
from flawflow.server.images import map_png
from flawflow.server.metrics import Metrics
from flawflow.server.models import Model
from flawflow.server.queue_rate import QueueRate
from flawflow.server.rows import new_row
from flawflow.server.security.paths import open_inside
from flawflow.server.settings import Settings


@dataclass(frozen=True)
class Given:
    """A picture as it came.

    Attributes:
        name: What it is called; for people only, never used as a path.
        content: The bytes of its file, or the path of a file below an allowed folder.
        key: The key of its record; None for a random one.
        on_inspected: Called with what was found, in the thread that found it, before it is recorded.
    """

    name: str
    content: bytes | Path
    key: str | None = None
    on_inspected: Callable[[Inspection], None] = lambda _: None

    def size(self) -> int:
        """Bytes of the file; 0 where it cannot be read, which is reported when it is inspected."""
        if isinstance(self.content, bytes):
            return len(self.content)
        try:
            return self.content.stat().st_size
        except OSError:
            return 0


@dataclass(frozen=True)
class Failed:
    """A picture that could not be inspected; nothing is recorded of it.

    Attributes:
        name: As of `Given`.
        error: One sentence.
        status: The HTTP status that says so.
    """

    name: str
    error: str
    status: int


Outcome = InspectionRow | Failed


class InspectionService:
    """Inspects with a bounded queue and a worker a core. Safe to use from several threads.

    Each worker takes one picture at a time, with one thread of the engine. There is no batching: on a CPU
    the engine runs the pictures of a batch one by one, so that a score belongs to its picture (law 1), and
    waiting for a batch to fill would only make the first picture of it late.

    Attributes:
        drift: Watches for a change of camera or light.
    """

    def __init__(self, settings: Settings, *, batch_writer: BatchWriter, metrics: Metrics) -> None:
        self._settings, self._batch_writer, self._metrics = settings, batch_writer, metrics
        self._pool = ThreadPoolExecutor(
            settings.workers or default_workers(), thread_name_prefix="flawflow-desk"
        )
        self.drift = DriftWatch()
        self._lock = threading.Lock()
        self._count = self._bytes = 0
        self._pace = QueueRate()

    def inspect(self, model: Model, pictures: Sequence[Given], *, source: str) -> list[Outcome]:
        """Inspect pictures, record them and give what was found, in order.

        Args:
            model: Of `Registry.get`.
            pictures: What to inspect.
            source: "upload", "path", "watch:…" or "stream:…".

        Returns:
            A recorded inspection, with its id, or a failure for each picture.

        Raises:
            BusyError: The queue has no room for all of them; none was taken.
        """
        return [future.result() for future in self.submit(model, pictures, source=source)]

    def submit(self, model: Model, pictures: Sequence[Given], *, source: str) -> list["Future[Outcome]"]:
        """Queue pictures without waiting; see `inspect`."""
        sizes = [picture.size() for picture in pictures]
        self.check_room(len(sizes), sum(sizes), take=True)
        futures: list[Future[Outcome]] = []
        for picture, size in zip(pictures, sizes, strict=True):
            future: Future[Outcome] = Future()
            # From here on nobody can cancel it: who hangs up must not keep the others from being recorded.
            future.set_running_or_notify_cancel()
            future.add_done_callback(functools.partial(self._leave, model.name, size))
            futures.append(future)
            self._pool.submit(self._work, model, picture, source, future)
        return futures

    def check_room(self, count: int, size: int, *, take: bool = False) -> None:
        """Refuse what the queue has no room for.

        Args:
            count: Pictures.
            size: Their bytes together.
            take: Also take the room.

        Raises:
            BusyError: There is no room now.
            TooLargeError: There will never be.
        """
        settings = self._settings
        if count > settings.max_waiting or size > settings.max_waiting_bytes:
            raise TooLargeError(
                f"{count} pictures of {size:,} bytes are more than the station takes at once "
                f"({settings.max_waiting} and {settings.max_waiting_bytes:,}): send fewer in a request"
            )
        with self._lock:
            if self._count + count > settings.max_waiting or self._bytes + size > settings.max_waiting_bytes:
                self._metrics.refused.labels("queue").inc()
                raise BusyError(
                    f"{self._count} pictures wait already: send this again in a moment",
                    retry_after=self._pace.seconds(self._count),
                )
            if take:
                if self._count == 0:
                    self._pace.begin()
                self._count += count
                self._bytes += size
                self._metrics.waiting.set(self._count)

    def wait_seconds(self) -> int:
        """Give the whole seconds, 1 or more, after which what is in the queue now will have left."""
        with self._lock:
            return self._pace.seconds(self._count)

    @property
    def in_work(self) -> int:
        """Pictures that were taken and are not answered yet."""
        return self._count

    def close(self) -> None:
        """Finish what waits, then end."""
        self._pool.shutdown(wait=True)

    def _leave(self, model: str, size: int, future: "Future[Outcome]") -> None:
        with self._lock:
            self._pace.leave()
            self._count -= 1
            self._bytes -= size
            self._metrics.waiting.set(self._count)
        outcome = None if future.exception() else future.result()
        if isinstance(outcome, InspectionRow):
            self._metrics.inspections.labels(model, outcome.verdict).inc()
        elif outcome is not None:
            self._metrics.failures.labels(model).inc()

    def _work(self, model: Model, picture: Given, source: str, future: "Future[Outcome]") -> None:
        name = one_line(readable(picture.name))[:NAME_LENGTH] or "picture"
        try:
            row, png, kept = self._inspected(model, picture, name, source)
            self._batch_writer.write(Entry(row, png, kept, future))  # type: ignore[arg-type]  # an Outcome as well
        except FlawflowError as error:
            future.set_result(_failed(name, picture, error))
        except Exception as error:  # Whoever waits must be told; a worker must live on.
            future.set_exception(error)

    def _inspected(
        self, model: Model, picture: Given, name: str, source: str
    ) -> tuple[InspectionRow, bytes, bytes | None]:
        """The inspection, its map and, where it is kept, the picture's bytes."""
        content = _bytes(picture.content, self._settings)
        if not is_known(content[:16]):
            raise UnknownKindError("this is not a PNG, JPEG, BMP, TIFF or WebP picture: save it as one")
        inspection = model.inspector.inspect(content, max_pixels=self._settings.max_pixels)
        picture.on_inspected(inspection)
        if inspection.statistics is not None:
            self.drift.add(model, inspection)
        keep = self._settings.keep_pictures
        keeps = keep == "all" or (keep == "ng" and inspection.verdict != "OK")
        row = new_row(model, inspection, name=name, source=source, digest=hashlib.sha256(content).hexdigest())
        row.has_picture = keeps
        row.key = picture.key or row.key
        self._metrics.timed(inspection.timings)
        return row, map_png(inspection.graph_map, model.card.colormap_range), content if keeps else None


def _bytes(content: bytes | Path, settings: Settings) -> bytes:
    most = settings.max_picture_bytes
    try:
        if isinstance(content, Path):
            with open_inside(content, settings.allow) as file:
                content = file.read(most + 1)
    except OSError as error:
        raise NotFoundError(f"the file cannot be read ({error.strerror})") from None
    if len(content) > most:
        raise TooLargeError(f"the file has more than {most:,} bytes, the station's limit")
    return content


def _failed(name: str, picture: Given, error: FlawflowError) -> Failed:
    said = naming(error, "the picture")
    if isinstance(picture.content, Path):
        said = said.replace(str(picture.content), name)
    return Failed(name, said, status_of(error))
