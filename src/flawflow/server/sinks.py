"""The station's records on their way to sinks: files of lines, a webhook, a broker."""

import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from flawflow.errors import one_line
from flawflow.results.sinks import open_sink
from flawflow.results.sinks.contract import Result, Setting, Sink
from flawflow.server.db import InspectionRow, Store
from flawflow.server.rows import record_of_row
from flawflow.storage.files import write_whole
from flawflow.watch.dispatcher import OutboxDispatcher

FOLDER = "results"
"""The folder of files that sinks write, below the data folder."""

_FILE = "sinks.json"
_SECONDS_TO_END = 10.0

_log = logging.getLogger("flawflow.server")


class RecordOutbox:
    """The station's record as an outbox: what follows the last inspection that a sink has got waits for it.

    Which one that is stands in a file; after a crash the records of one delivery may come again.
    """

    def __init__(self, store: Store, folder: Path, journal: str, sinks: Sequence[str]) -> None:
        """Go on where each sink stopped; a new one gets what is recorded from now on.

        Args:
            store: The record.
            folder: The data folder.
            journal: The station's identity.
            sinks: Their names.
        """
        self._store, self._path, self._journal = store, folder / _FILE, journal
        self._lock = threading.Lock()
        known = _kept(self._path)
        with store.reading() as session:
            newest = session.scalar(select(func.max(InspectionRow.id))) or 0
        # A record that was restored from a backup counts on from an earlier number.
        self._last = {name: min(known.get(name, newest), newest) for name in sinks}
        self._write()

    def waiting(self, sink: str, limit: int) -> list[Result]:
        """See `Outbox.waiting`."""
        row = InspectionRow
        query = select(row).where(row.id > self._last[sink]).order_by(row.id).limit(limit)
        try:
            with self._store.reading() as session:
                return [Result(record_of_row(each, self._journal)) for each in session.scalars(query)]
        except SQLAlchemyError as error:
            # It is asked again when the next inspection is recorded, and then the database is back.
            _log.warning("%s", self._store.problem(error) or one_line(str(error)))
            return []

    def delivered(self, sink: str, results: Sequence[Result]) -> None:
        """See `Outbox.delivered`."""
        with self._lock:
            self._last[sink] = max(result.record.id or 0 for result in results)
            try:
                self._write()
            except OSError as error:
                # The next delivery writes it; until then a crash brings these records once more.
                _log.warning("%s cannot be written (%s)", self._path, error.strerror)

    def refused(self, sink: str, result: Result, why: str) -> None:
        """See `Outbox.refused`; the station has the record all the same."""
        _log.warning("%s does not take record %s: %s", sink, result.record.id, one_line(why))
        self.delivered(sink, [result])

    def _write(self) -> None:
        write_whole(self._path, json.dumps(self._last))


class Deliveries:
    """Brings each recorded inspection to every sink, at least once and in order."""

    def __init__(self, sinks: Sequence[Sink], store: Store, folder: Path, journal: str) -> None:
        """Begin to deliver; see `RecordOutbox`."""
        self._dispatchers: list[OutboxDispatcher] = []
        self._troubles: dict[str, str | None] = {}
        if sinks:
            outbox = RecordOutbox(store, folder, journal, [sink.name for sink in sinks])
            self._dispatchers = [OutboxDispatcher(sink, outbox) for sink in sinks]

    def wake(self) -> None:
        """Say that there is something to deliver; what keeps a sink from it is logged once."""
        for dispatcher in self._dispatchers:
            dispatcher.wake()
            name, trouble = dispatcher.sink.name, dispatcher.trouble
            if trouble != self._troubles.get(name):
                self._troubles[name] = trouble
                _log.warning("%s: %s", name, one_line(trouble or "delivers again"))

    def close(self) -> None:
        """Try once more what waits, then end; what is left is delivered after the next start."""
        for dispatcher in self._dispatchers:
            dispatcher.close(_SECONDS_TO_END)


def open_sinks(texts: Sequence[str], folder: Path) -> list[Sink]:
    """Open the sinks that a station delivers to; files go below its data folder.

    Raises:
        SinkError: There is no such kind, or what it needs is not installed.
    """
    setting = Setting(verb="serve", output=folder / FOLDER)
    return [open_sink(text, setting) for text in dict.fromkeys(texts)]


def _kept(path: Path) -> dict[str, int]:
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return (
        {name: last for name, last in kept.items() if isinstance(last, int)} if isinstance(kept, dict) else {}
    )
