"""Records as lines of files: one list of a whole inspection, or a file every day."""

from collections.abc import Sequence
from pathlib import Path

from flawflow.results.lines import CSV, JSON_LINES, Form, append_lines, begins_with, missing_lines
from flawflow.results.sinks.contract import Result, Setting, Sink

LIST_NAME = "results"
"""The name of an inspection's list, without its suffix."""

MAX_LIST_BYTES = 100_000_000
"""A file that has grown to this is followed by another of the same day."""


def open_jsonl(setting: Setting, _address: str) -> Sink:
    """Open records as JSON."""
    return _open(JSON_LINES, setting)


def open_csv(setting: Setting, _address: str) -> Sink:
    """Open records as a table."""
    return _open(CSV, setting)


def _open(form: Form, setting: Setting) -> Sink:
    return (ListFile if setting.verb == "inspect" else DatedLines)(form, setting.output)


class ListFile(Sink):
    """One file, complete after every picture: `results.jsonl` or `results.csv`.

    A process that is killed leaves a file that can be read and lacks at most the picture in work.
    """

    def __init__(self, form: Form, output: Path) -> None:
        """Write nothing before the first result; `output` is created when it is missing."""
        self.name = form.suffix
        self._form, self._path = form, output / f"{LIST_NAME}.{form.suffix}"
        self._has_begun = False

    def deliver(self, results: Sequence[Result]) -> None:
        """Append a line a result; see `Sink.deliver`.

        Raises:
            FileExistsError: The list of an earlier inspection is there.
        """
        if not self._has_begun:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.open("xb").close()
            self._has_begun = True
        lines = [self._form.line(result.record) for result in results]
        append_lines(self._path, lines, head=self._form.head)


class DatedLines(Sink):
    """A file every day and whenever one has become large, each record once even over a crash.

    The file is `KIND/DATE.KIND` of the record's day (UTC), then `DATE_2.KIND` and so on. A delivery is on the
    disk before it counts; what a crash left behind is found by comparing the end of the file with
    the lines that are to be written.
    """

    at_once = 100

    def __init__(self, form: Form, output: Path, *, max_bytes: int = MAX_LIST_BYTES) -> None:
        """Write into `output/KIND`, which is created with the first record."""
        self.name = form.suffix
        self._form, self._folder = form, output / form.suffix
        self._max_bytes = max_bytes
        # Whether some of what is to be written may be there: after a crash, or after a failure.
        self._is_unsure = True

    def deliver(self, results: Sequence[Result]) -> None:
        """Append the records that are not there yet; see `Sink.deliver`."""
        is_unsure, self._is_unsure = self._is_unsure, True
        self._folder.mkdir(parents=True, exist_ok=True)
        days: dict[str, list[bytes]] = {}
        for result in results:
            day = (result.record.time or "undated")[:10]
            days.setdefault(day, []).append(self._form.line(result.record))
        head = self._form.head
        for day, lines in days.items():
            path, part = self._newest(day)
            left = missing_lines(path, lines, head) if is_unsure else lines
            # A table that an earlier flawflow began has other columns.
            if path.exists() and (path.stat().st_size >= self._max_bytes or not begins_with(path, head)):
                path = self._path(day, part + 1)
            if left:
                append_lines(path, left, head=head, durable=True)
        self._is_unsure = False

    def _newest(self, day: str) -> tuple[Path, int]:
        part = 1
        while self._path(day, part + 1).exists():
            part += 1
        return self._path(day, part), part

    def _path(self, day: str, part: int) -> Path:
        return self._folder / f"{day}{'' if part == 1 else f'_{part}'}.{self._form.suffix}"
