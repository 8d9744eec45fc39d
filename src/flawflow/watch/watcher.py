"""The rounds of watching: look, choose the oldest, examine, note."""

import hashlib
import heapq
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from flawflow.errors import FlawflowError, ImageError, WatchError, one_line
from flawflow.inspection.parallel import in_order
from flawflow.results.record import Record
from flawflow.results.run import now
from flawflow.watch.journal import Journal
from flawflow.watch.scan import Seen, scan, time_of
from flawflow.watch.stability import StabilityTracker

Examine = Callable[[str, bytes, str], Record]
"""Judges a picture, given its path in the folder, its content and the content's SHA-256 in hex.

Gives a record of which the watcher adds what it knows of the file. Raises FlawflowError where it cannot.
"""

Open = Callable[[Path], BinaryIO]
"""Opens a file of the folder; raises OSError, FileNotFoundError for what is not to be read now."""

MAX_FILE_BYTES = 1 << 30
"""A larger file is not a picture of a production line."""

# At most so many files are taken from one look: the memory stays the same with a million waiting.
_MAX_FILES_PER_ROUND = 1000
# Looking takes at most a fifth of the time, however large the folder and however slow the share.
_REST_PER_ROUND = 4
_PATHS_PER_QUERY = 500


@dataclass(frozen=True, kw_only=True)
class WatchLimits:
    """When and how much a watcher reads.

    Attributes:
        interval_seconds: Between two looks, at least.
        give_up_seconds: After its last change, when a file that cannot be decoded is reported.
        max_bytes: A larger file is reported instead of being read.
    """

    interval_seconds: float = 1.0
    give_up_seconds: float = 60.0
    max_bytes: int = MAX_FILE_BYTES


class LaterError(Exception):
    """Raised by an `Examine` that cannot take a picture just now; it is tried again in the next round."""


@dataclass(frozen=True)
class _Outcome:
    seen: Seen
    sha256: str | None = None
    found: Record | None = None
    error: str | None = None


class Watcher:
    """Sees to it that every picture file in a folder is examined once.

    Attributes:
        verdict_counts: Files by verdict, and by `unreadable`, `duplicate` (new name, known content: they are
            among the verdicts too) and `unchanged` (known name and content, written again).
        waiting: Files that were seen in the last scan and are not done.
        trouble: Why the folder cannot be read; None where it can.
    """

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        examine: Examine,
        *,
        sinks: Sequence[str] = (),
        leave_out: Path | None = None,
        limits: WatchLimits = WatchLimits(),
        open_file: Open = lambda path: path.open("rb"),
        on_done: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """Begin nothing yet.

        Args:
            folder: Where pictures come in.
            journal: What was done, kept over restarts.
            examine: Called from several threads at once.
            sinks: Names of those who get every record.
            leave_out: A folder inside `folder` that is not input.
            limits: When and how much to read.
            open_file: Opens a file that has settled.
            on_done: Called with each record after it is in the journal.
        """
        self.verdict_counts: Counter[str] = Counter()
        self.waiting = 0
        self.trouble: str | None = None
        self._folder = folder
        self._journal = journal
        self._examine = examine
        self._sinks = sinks
        self._leave_out = leave_out
        self._limits = limits
        self._open = open_file
        self._on_done = on_done
        self._stability = StabilityTracker(pause=limits.interval_seconds, give_up=limits.give_up_seconds)

    def run(self, stop: threading.Event, after_round: Callable[[], None] = lambda: None) -> None:
        """Watch until `stop` is set; `after_round` is called after each round."""
        while not stop.is_set():
            rest = self.round(stop)
            after_round()
            stop.wait(rest)

    def round(self, stop: threading.Event) -> float:
        """Look once, examine what is settled, oldest first, and give the seconds to rest."""
        started = time.monotonic()
        ready = self._stability.settled(self._look(started), started)
        looked = time.monotonic() - started
        outcomes = in_order(self._try, ready)
        for outcome in outcomes:
            if outcome is not None:
                self._note(outcome)
            self.waiting -= 1
            if stop.is_set():
                break
        outcomes.close()  # type: ignore[attr-defined]  # a generator: waits for what has begun
        return max(self._limits.interval_seconds, _REST_PER_ROUND * looked)

    def _look(self, now: float) -> list[Seen]:
        self.waiting, self.trouble = 0, None
        halves: set[str] = set()
        oldest = heapq.nsmallest(_MAX_FILES_PER_ROUND, self._due(now, halves))
        if self.trouble is None:
            self._stability.forget_gone(halves)
        return oldest

    def _due(self, now: float, halves: set[str]) -> Iterator[Seen]:
        files = scan(self._folder, leave_out=self._leave_out, on_error=self._cannot_look)
        while some := list(islice(files, _PATHS_PER_QUERY)):
            known = self._journal.known([seen.path for seen in some])
            for seen in some:
                done = known.get(seen.path)
                if done is not None and (done.size, done.mtime_ns) == (seen.size, seen.mtime_ns):
                    continue
                self.waiting += 1
                if self._stability.is_half(seen.path):
                    halves.add(seen.path)
                if self._stability.is_due(seen, now):
                    yield seen

    def _cannot_look(self, error: OSError) -> None:
        self.trouble = f"{error.filename or self._folder} cannot be looked at ({error.strerror or error})"

    def _try(self, seen: Seen) -> _Outcome | None:
        """Read and examine one file; None where there is nothing to note."""
        sha256 = None
        try:
            content = _read(self._folder / seen.path, seen, self._limits.max_bytes, self._open)
            sha256 = hashlib.sha256(content).hexdigest()
            before = self._journal.known([seen.path]).get(seen.path)
            if before is not None and before.sha256 == sha256:
                return _Outcome(seen, sha256)
            return _Outcome(seen, sha256, found=self._examine(seen.path, content, sha256))
        except (FileNotFoundError, NotADirectoryError, LaterError):
            return None
        except WatchError:
            raise  # the journal's own
        except FlawflowError as error:
            return _Outcome(seen, sha256, error=str(error))
        except OSError as error:
            return _Outcome(seen, error=f"{seen.path} cannot be read ({error.strerror or error}).")
        except Exception as error:
            # Whatever one file brings about is that file's record, and the others go on.
            return _Outcome(seen, sha256, error=f"{seen.path} cannot be examined ({_said(error)}).")

    def _note(self, outcome: _Outcome) -> None:
        seen = outcome.seen
        if outcome.error is not None and not self._stability.is_last_try(seen, time.monotonic()):
            self._stability.half_written(seen)
            return
        self._stability.forget(seen.path)
        if outcome.error is None and outcome.found is None:
            self.verdict_counts["unchanged"] += 1
            self._journal.finish(seen, sha256=outcome.sha256)
            return
        record = self._finished(outcome)
        self.verdict_counts[record.verdict or "unreadable"] += 1
        self.verdict_counts["duplicate"] += record.duplicate_of is not None
        self._on_done(record)

    def _finished(self, outcome: _Outcome) -> Record:
        try:
            return self._kept(outcome)
        except WatchError:
            raise
        except Exception as error:
            why = f"{outcome.seen.path} has a verdict that cannot be recorded ({_said(error)})."
            return self._kept(replace(outcome, found=None, error=why))

    def _kept(self, outcome: _Outcome) -> Record:
        record = self._record(outcome)
        kept = self._journal.finish(outcome.seen, sha256=outcome.sha256, record=record, sinks=self._sinks)
        return kept or record

    def _record(self, outcome: _Outcome) -> Record:
        path, sha256 = outcome.seen.path, outcome.sha256
        twin = None if sha256 is None else self._journal.other_with(sha256, path)
        return replace(
            outcome.found or Record(error=outcome.error),
            time=now(),
            path=Path(path).as_posix(),
            source=f"watch:{self._folder}",
            sha256=sha256,
            duplicate_of=None if twin is None else Path(twin).as_posix(),
        )


def _said(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")


def _read(path: Path, seen: Seen, max_bytes: int, open_file: Open) -> bytes:
    """Read a file that is as it was seen, before and after.

    Raises:
        ImageError: It has changed, or is larger than `max_bytes`.
        OSError: It cannot be read, or is gone.
    """
    if seen.size > max_bytes:
        raise ImageError(f"{seen.path} has {seen.size:,} bytes, more than {max_bytes:,}: save it smaller.")
    with open_file(path) as stream:
        content = stream.read(seen.size + 1)
        state = os.fstat(stream.fileno())
    if (len(content), state.st_size, time_of(state)) != (seen.size, seen.size, seen.mtime_ns):
        raise ImageError(f"{seen.path} changes while it is read: write it elsewhere and move it here.")
    return content
