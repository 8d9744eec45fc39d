"""Records inspections, pictures first: many in one commit, and none is answered before its commit."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from flawflow.server.db import InspectionRow, Store
from flawflow.server.errors import LostCommitError
from flawflow.server.image_store import ImageStore

_MAX_BATCH_ROWS = 256
# A commit costs as much as recording four inspections. For this long the first of them waits for others.
_GATHERING_SECONDS = 0.02

_log = logging.getLogger("flawflow.server")


@dataclass(frozen=True)
class Entry:
    """An inspection that waits to be recorded.

    Attributes:
        row: The inspection.
        png: Its map.
        picture: The bytes of its picture's file, or None where that is not kept.
        recorded: Resolved with the row when it is on the disk.
    """

    row: InspectionRow
    png: bytes
    picture: bytes | None
    recorded: "Future[InspectionRow]"


class BatchWriter:
    """One thread that writes what has come together since its last commit.

    Files and commits wait for the disk. Workers need not: they take the next picture, and whatever they
    finish meanwhile, or within a moment, shares the next commit. Who inspects one picture after the other
    waits for nobody.
    """

    def __init__(
        self,
        store: Store,
        image_store: ImageStore,
        *,
        in_work: Callable[[], int],
        written: Callable[[Sequence[InspectionRow]], None],
    ) -> None:
        """Start the thread.

        Args:
            store: Where to write records and maps.
            image_store: Where to write pictures.
            in_work: Gives how many pictures are not answered yet, those that wait for their commit included.
            written: Called after each commit.
        """
        self._store, self._image_store, self._in_work, self._written = store, image_store, in_work, written
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
            entries, going = self._gathered()
            self._write(entries)

    def _gathered(self) -> tuple[list[Entry], bool]:
        """What shares the next commit, with its pictures kept; and whether there may be more later."""
        entries: list[Entry] = []
        entry = self._waiting.get()
        end = time.monotonic() + _GATHERING_SECONDS
        while entry is not None:
            if self._keep(entry):
                entries.append(entry)
            if len(entries) == _MAX_BATCH_ROWS:
                break
            left = end - time.monotonic() if self._in_work() > len(entries) else 0
            try:
                entry = self._waiting.get(timeout=max(left, 0))
            except queue.Empty:
                break
        return entries, entry is not None

    def _keep(self, entry: Entry) -> bool:
        """Write a picture before its record, whole: what a record names is there."""
        try:
            if entry.picture is not None:
                self._image_store.keep_picture(entry.row.key, entry.picture)
        except (
            Exception
        ) as error:  # A full disk: whoever waits for this one gets the error, and the others continue.
            entry.recorded.set_exception(error)
            return False
        return True

    def _write(self, entries: list[Entry]) -> None:
        if not entries:
            return
        try:
            self._store.add([(entry.row, entry.png) for entry in entries])
        except (
            Exception
        ) as error:  # A full disk, a lost connection: whoever waits gets the error, and the others continue.
            if not isinstance(error, LostCommitError):
                # Nothing was recorded, and whoever sends it again sends the picture, too.
                self._image_store.drop_pictures(entry.row.key for entry in entries)
            for entry in entries:
                entry.recorded.set_exception(error)
            return
        for entry in entries:
            entry.recorded.set_result(entry.row)
        try:
            self._written([entry.row for entry in entries])
        except Exception:  # They are recorded and answered; only the notification failed.
            _log.exception("events could not be published")
