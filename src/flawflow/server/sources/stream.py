"""A camera, stream or video file as a source."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from flawflow.errors import FlawflowError
from flawflow.images.encode import png_of
from flawflow.server.errors import BusyError
from flawflow.server.inspection_service import Failed, Given
from flawflow.server.sources.frames import Latest, StreamError
from flawflow.server.sources.progress import Progress
from flawflow.server.sources.source import Source, is_file
from flawflow.server.station import Station
from flawflow.storage.backoff import Backoff

_FIRST_PAUSE_SECONDS = 1.0
# How soon a stop is noticed.
_LOOK_SECONDS = 0.2


class StreamRunner:
    """Inspects a live stream's newest picture every `interval` seconds, and reconnects when it breaks off.

    Of a video file the pictures at 0, `interval`, 2 `interval` … of its own time are inspected, none of them
    twice over restarts, and then it is over.
    """

    def __init__(self, source: Source, station: Station, reached: Callable[[float], None]) -> None:
        """Connect to nothing yet.

        Args:
            source: Whose address was checked.
            station: Inspects and records.
            reached: Called with the seconds of a video file that are done.
        """
        self.progress = Progress()
        self._source, self._station, self._reached = source, station, reached
        self._due = source.position

    def run(self, stop: threading.Event) -> None:
        """Inspect until `stop` is set or the file is over; see `Runner`."""
        try:
            if is_file(self._source.address):
                self._run_file(stop)
                return
            pauses = Backoff(first=_FIRST_PAUSE_SECONDS)
            while not stop.is_set():
                before = self.progress.seen
                self._run_live(stop)
                if self.progress.seen > before:
                    pauses.reset()
                stop.wait(pauses.next())
        except FlawflowError as error:
            self.progress.error = str(error)

    def _run_file(self, stop: threading.Event) -> None:
        from flawflow.video.read import open_video

        path = Path(self._source.address)
        with open_video(path, max_pixels=self._station.settings.max_pixels) as video:
            for frame in video.frames():
                if stop.is_set():
                    return
                if frame.seconds < self._due:
                    continue
                while not self._inspect(f"{path.name} {frame.seconds:.3f} s", frame.picture):
                    # Of a file nothing is left out: it waits until there is room.
                    if stop.wait(_LOOK_SECONDS):
                        return
                self._due = frame.seconds + self._source.interval
                self._reached(self._due)

    def _run_live(self, stop: threading.Event) -> None:
        """Inspect until the stream breaks off."""
        latest = Latest(self._source.address, max_pixels=self._station.settings.max_pixels)
        try:
            while not stop.is_set():
                shot = latest.take(_LOOK_SECONDS)
                if shot is None:
                    continue
                now = datetime.now(UTC).isoformat(sep=" ", timespec="milliseconds")
                if self._inspect(now.removesuffix("+00:00"), shot()):
                    self.progress.error = None
                stop.wait(self._source.interval)
        except StreamError as error:
            self.progress.error = f"{error}; trying again"
        finally:
            latest.close()

    def _inspect(self, name: str, picture: NDArray[np.uint8]) -> bool:
        """Inspect a picture; False where there is no room for it now."""
        model = self._station.registry.get(self._source.model)
        try:
            (future,) = self._station.inspection_service.submit(
                model, [Given(name, png_of(picture))], source=self._source.label
            )
            outcome = future.result()
        except BusyError as error:
            self.progress.error = str(error)
            return False
        except (SQLAlchemyError, OSError) as error:
            self.progress.error = self._station.problem(error)
            if self.progress.error is None:
                raise
            return False
        self.progress.seen += 1
        self.progress.latest = datetime.now(UTC)
        self.progress.error = outcome.error if isinstance(outcome, Failed) else None
        return True
