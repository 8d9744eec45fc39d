"""Records inspections: many in one commit, and none is answered before its commit."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from flawflow.station.record import InspectionRow, Store

_MOST_AT_ONCE = 256

_log = logging.getLogger("flawflow.station")


@dataclass(frozen=True)
class Entry:
    """An inspection that waits to be recorded.

    Attributes:
        row: The inspection.
        png: Its map.
        recorded: Resolved with the row when it is on the disk.
    """

    row: InspectionRow
    png: bytes
    recorded: "Future[InspectionRow]"


class Scribe:
    """One thread that writes what has come together since its last commit.

    A commit waits for the disk. Workers need not: they go on with the next picture, and whatever they
    finish meanwhile shares the next commit.
    """

    def __init__(self, store: Store, written: Callable[[Sequence[InspectionRow]], None]) -> None:
        """Start the thread.

        Args:
            store: Where to write.
            written: Called after each commit.
        """
        self._store, self._written = store, written
        self._waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="flawflow-scribe", daemon=True)
        self._thread.start()

    def write(self, entry: Entry) -> None:
        """Have an inspection recorded soon."""
        self._waiting.put(entry)

    def close(self) -> None:
        """Record what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._waiting.get()]
            while not self._waiting.empty() and len(batch) < _MOST_AT_ONCE:
                batch.append(self._waiting.get())
            going = None not in batch
            self._write([entry for entry in batch if entry is not None])

    def _write(self, entries: list[Entry]) -> None:
        if not entries:
            return
        try:
            self._store.add([(entry.row, entry.png) for entry in entries])
        except Exception as error:  # A full disk, a lost connection: whoever waits is told, and others go on.
            for entry in entries:
                entry.recorded.set_exception(error)
            return
        for entry in entries:
            entry.recorded.set_result(entry.row)
        try:
            self._written([entry.row for entry in entries])
        except Exception:  # They are recorded and answered; only the telling failed.
            _log.exception("events could not be told")
