"""The reports of a station: by request, and of each shift into a folder."""

import contextlib
import logging
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from flawflow.errors import ImageError, one_line
from flawflow.server.db import Store
from flawflow.server.db.problems import disk_problem
from flawflow.server.db.statistics import Span
from flawflow.server.errors import NotFoundError
from flawflow.server.image_store import ImageStore
from flawflow.server.images import shown
from flawflow.server.settings import Settings
from flawflow.server.shift import shift_at, shift_starts
from flawflow.server.statistics.report import report_csv, report_page
from flawflow.server.statistics.series import By, start_of
from flawflow.server.statistics.summary import Summary, summarise
from flawflow.storage.files import write_whole

_NAME = re.compile(r"shift-(\d{4}-\d{2}-\d{2}-\d{4})\.(?:html|csv)")
_TIME = "%Y-%m-%d-%H%M"
# What was inspected at a shift's end is recorded by then.
_SETTLED = timedelta(seconds=30)
_LONGEST = timedelta(days=3660)
_PICTURE_SIDE = 640

_log = logging.getLogger("flawflow.server")


class Reports:
    """Makes reports. Safe to use from several threads."""

    def __init__(self, settings: Settings, store: Store, image_store: ImageStore) -> None:
        """Make nothing yet."""
        self._settings, self._store, self._image_store = settings, store, image_store
        self._shifts = shift_starts(settings.shifts)
        self._drawing = threading.Lock()
        self._next = datetime.min.replace(tzinfo=UTC)
        self._trouble = ""

    def summary(self, span: Span, by: By) -> Summary:
        """Read the statistics of a span."""
        return summarise(self._store, span, by, self._shifts)

    def page(self, summary: Summary) -> str:
        """Give a summary as a page that needs no other file."""
        # One after the other: a picture of many pixels takes much memory while it is made small.
        with self._drawing:
            pictures = {each.model: self._picture(each.model) for each in summary.places}
        made = datetime.now(UTC).astimezone()
        return report_page(summary, station=socket.gethostname(), made=made, pictures=pictures)

    def write_due(self, now: datetime | None = None) -> None:
        """Write the reports of shifts that ended after the last one, and remove those whose time is over.

        In an empty folder it begins with the oldest that would be kept. A shift that inspected nothing has
        no report.
        """
        folder, now = self._settings.reports, now or datetime.now(UTC)
        if folder is None or now < self._next:
            return
        begin, end = shift_at(now - _SETTLED, self._shifts)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for start in self._due(folder, now, begin):
                self._write(folder, start)
            _remove(folder, self._oldest(now))
        except (SQLAlchemyError, OSError) as error:
            # It is tried again with the next turn; the same trouble is said once.
            trouble = self._store.problem(error) or disk_problem(error) or one_line(str(error))
            if trouble != self._trouble:
                _log.warning("reports cannot be written: %s", trouble)
            self._trouble = trouble
            return
        self._next, self._trouble = end + _SETTLED, ""

    def _oldest(self, now: datetime) -> datetime:
        days = self._settings.report_days
        return now - (_LONGEST if days is None else timedelta(days=days))

    def _due(self, folder: Path, now: datetime, begin: datetime) -> list[datetime]:
        """When the shifts began that ended before `begin` and have no report yet."""
        oldest = self._oldest(now)
        pages = (start for path, start in _reports(folder) if path.suffix == ".html")
        after = max([oldest, *pages])
        span = Span(since=after.astimezone(UTC), until=begin.astimezone(UTC))
        counts = self._store.statistics.over_time(span)
        starts = {start_of(each.key.astimezone(), "shift", self._shifts) for each in counts}
        return sorted(start for start in starts if after < start)

    def _write(self, folder: Path, start: datetime) -> None:
        end = shift_at(start, self._shifts)[1]
        summary = self.summary(Span(since=start.astimezone(UTC), until=end.astimezone(UTC)), "hour")
        path = folder / f"shift-{start:{_TIME}}.html"
        # The page last: where it is there, the shift is done.
        write_whole(path.with_suffix(".csv"), b"".join(report_csv(summary)))
        write_whole(path, self.page(summary))
        _log.warning("the shift of %s is reported in %s", f"{start:%Y-%m-%d %H:%M}", path)

    def _picture(self, model: str) -> bytes | None:
        row = self._store.regions.good_picture(model)
        if row is None:
            return None
        # It may have gone meanwhile, or be damaged; the report is there without it.
        with contextlib.suppress(NotFoundError, ImageError, OSError):
            path = self._image_store.picture(row.key)
            return shown(path, max_pixels=self._settings.max_pixels, side=_PICTURE_SIDE)
        return None


def _reports(folder: Path) -> Iterator[tuple[Path, datetime]]:
    """Give the reports in a folder, and when their shifts began."""
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        with contextlib.suppress(ValueError):
            if match is not None:
                yield path, datetime.strptime(match[1], _TIME).astimezone()


def _remove(folder: Path, before: datetime) -> None:
    for path, start in list(_reports(folder)):
        if start < before:
            path.unlink(missing_ok=True)
