"""Images of a camera or stream for triggers: it stays connected, and only the newest image is kept."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from flawflow.images.encode import png_of
from flawflow.server.handshake.frames import NEWEST_SECONDS, Frame, NoFrameError, SourceError
from flawflow.server.settings import Take
from flawflow.server.sources.frames import Shot, StreamError, shots
from flawflow.storage.backoff import Backoff

_LOOK_SECONDS = 0.05


class _Held(NamedTuple):
    shot: Shot
    since: float
    time: datetime


class StreamFrames:
    """Reads every image of a live stream, so that the newest is there when it is asked for."""

    def __init__(self, address: str, *, take: Take, max_pixels: int) -> None:
        """Connect, and again whenever the stream breaks off."""
        self._address, self._take, self._max_pixels = address, take, max_pixels
        self._news = threading.Condition()
        self._held: _Held | None = None
        self.error = "it has not been opened yet"
        self._over = threading.Event()
        # A daemon: it may wait for a packet that never comes.
        threading.Thread(target=self._run, name="flawflow-line-stream", daemon=True).start()

    def arm(self) -> None:
        """Nothing: images have their times."""

    def take(self, since: float, deadline: float, is_wanted: Callable[[], bool]) -> Frame:
        """Give the image of a trigger; see `Frames`."""
        oldest = since if self._take == "next" else since - NEWEST_SECONDS
        while is_wanted():
            left = deadline - time.monotonic()
            with self._news:
                self._news.wait_for(lambda: self._is_new(oldest), min(max(left, 0), _LOOK_SECONDS))
                if self._is_new(oldest) and is_wanted():
                    held, self._held = self._held, None
                    assert held is not None
                    return _frame(held)
            if left <= 0:
                if self.error:
                    raise SourceError(self.error)
                raise NoFrameError("the camera gave no image in time")
        raise NoFrameError("the job was given up")

    def refuse(self, frame: Frame) -> bool:
        """A decoded image stays as it is."""
        del frame
        return False

    def close(self) -> None:
        """Stop reading at the next image."""
        self._over.set()

    def _is_new(self, oldest: float) -> bool:
        return self._held is not None and self._held.since >= oldest

    def _run(self) -> None:
        pauses = Backoff(first=0.5, longest=5.0)
        while not self._over.is_set():
            try:
                for shot in shots(self._address, max_pixels=self._max_pixels):
                    pauses.reset()
                    self._keep(shot)
                    if self._over.is_set():
                        return
                self.error = "the stream is over"
            except StreamError as error:
                self.error = str(error)
            except Exception as error:  # A decoder's own: whoever triggers must be told.
                self.error = f"it cannot be decoded ({type(error).__name__})"
            self._over.wait(pauses.next())

    def _keep(self, shot: Shot) -> None:
        with self._news:
            self.error = ""
            self._held = _Held(shot, time.monotonic(), datetime.now(UTC))
            self._news.notify_all()


def _frame(held: _Held) -> Frame:
    return Frame(png_of(held.shot()), held.time.isoformat(timespec="microseconds"))
