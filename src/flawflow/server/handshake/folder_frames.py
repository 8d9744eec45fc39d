"""Images of a folder for triggers: whatever program writes them there."""

import errno
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.errors import one_line
from flawflow.results.record import readable
from flawflow.server.handshake.frames import NEWEST_SECONDS, Frame, NoFrameError, SourceError
from flawflow.server.settings import Take
from flawflow.watch.scan import Seen, scan

_WAITED_FOR_SECONDS = 0.005
_IDLE_SECONDS = 0.1
_BEFORE = -float("inf")


@dataclass(frozen=True)
class _File:
    """A file as it was first seen so.

    Attributes:
        seen: Its size and time of change.
        first: When, by `time.monotonic`.
        is_whole: Whether a later look saw the same.
        is_done: Whether it was taken, or an image after it.
    """

    seen: Seen
    first: float
    is_whole: bool = False
    is_done: bool = False


class FolderFrames:
    """Looks into a folder again and again, and more often while a trigger waits.

    A file is taken once, when two looks saw it alike. What is there at the start is no trigger's image.
    """

    def __init__(self, folder: Path, *, take: Take, max_bytes: int) -> None:
        """Begin to look.

        Raises:
            SourceError: It is not a folder.
        """
        if not folder.is_dir():
            raise SourceError(f"{folder} is not a folder: name the one into which images come, or a camera")
        self._folder, self._take, self._max_bytes = folder, take, max_bytes
        self._news = threading.Condition()
        self._files: dict[str, _File] = {}
        self.error = ""
        self._is_over = False
        self._hurry = threading.Event()
        self._look(_BEFORE)
        self._thread = threading.Thread(target=self._run, name="flawflow-line-folder", daemon=True)
        self._thread.start()

    def arm(self) -> None:
        """Look once more; what came since the last look was there before the trigger."""
        if self._take == "next":
            self._look(_BEFORE)

    def take(self, since: float, deadline: float, is_wanted: Callable[[], bool]) -> Frame:
        """Give the image of a trigger; see `Frames`."""
        self._hurry.set()
        try:
            while is_wanted():
                oldest = since if self._take == "next" else since - NEWEST_SECONDS
                frame = self._wait(oldest, is_wanted)
                if frame is not None:
                    return frame
                if time.monotonic() >= deadline:
                    if self.error:
                        raise SourceError(self.error)
                    raise NoFrameError("no image came into the folder in time")
        finally:
            self._hurry.clear()
        raise NoFrameError("the job was given up")

    def refuse(self, frame: Frame) -> bool:
        """A file that was half written comes again when it has changed."""
        del frame
        return True

    def close(self) -> None:
        """Stop looking."""
        self._is_over = True
        self._hurry.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over:
            started = time.monotonic()
            self._look(started)
            # A share that is slow to look at is not asked all the time.
            time.sleep(max(_WAITED_FOR_SECONDS, time.monotonic() - started))
            self._hurry.wait(_IDLE_SECONDS)

    def _look(self, first: float) -> None:
        """See what is there; what is new or has changed was `first` seen so then."""
        errors: list[OSError] = []
        with self._news:
            before = self._files
            files: dict[str, _File] = {}
            for seen in scan(self._folder, on_error=errors.append):
                known = before.get(seen.path)
                if known is None or known.seen != seen:
                    files[seen.path] = _File(seen, first)
                else:
                    files[seen.path] = replace(known, is_whole=True)
            if not errors and not self._folder.is_dir():
                # It went away during the look, which then takes its files for removed.
                errors.append(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
            self.error = f"the folder cannot be read ({errors[0].strerror})" if errors else ""
            # A folder that is away has not lost its files: they would be new when it is back.
            self._files = before | files if errors else files
            self._news.notify_all()

    def _wait(self, oldest: float, is_wanted: Callable[[], bool]) -> Frame | None:
        """Give the image that a trigger takes; None where none came for a moment."""
        with self._news:
            self._news.wait_for(lambda: self._found(oldest) is not None, _IDLE_SECONDS)
            found = self._found(oldest)
            # Asked again: the image of the next trigger is not for a job that was given up.
            if found is None or not is_wanted():
                return None
            self._files = {
                path: replace(file, is_done=file.is_done or file.first <= found.first)
                for path, file in self._files.items()
            }
        try:
            content = (self._folder / found.seen.path).read_bytes()
        except OSError:
            # Taken away, or about to be written again.
            return None
        if len(content) != found.seen.size or len(content) > self._max_bytes:
            return None
        return Frame(content, one_line(readable(found.seen.path)))

    def _found(self, oldest: float) -> _File | None:
        fresh = (f for f in self._files.values() if f.is_whole and not f.is_done and f.first >= oldest)
        choose = min if self._take == "next" else max
        return choose(fresh, key=lambda file: (file.first, file.seen), default=None)
