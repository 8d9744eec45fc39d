"""Records as lines of files, a new file every day and whenever one has become large."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flawflow.errors import one_line
from flawflow.report.results import CSV_COLUMNS, csv_cells, no_formula
from flawflow.watch.journal import Message
from flawflow.watch.watcher import NOT_OF_A_FILE

MAX_BYTES = 100_000_000
"""A file that has grown to this is followed by another of the same day."""

COLUMNS = (
    "id", "time", *(column for column in CSV_COLUMNS if column not in NOT_OF_A_FILE),
    "sha256", "duplicate_of", "model", "model_sha256", "journal",
)  # fmt: skip


class Lines:
    """Appends a line a record, each once even over a crash.

    The file is `KIND/DATE.KIND` of the record's day (UTC), then `DATE_2.KIND` and so on. A delivery is on the
    disk before it counts; what a crash left behind is found by comparing the end of the file with
    the lines that are to be written.
    """

    at_once = 100

    def __init__(self, output: Path, kind: str, *, max_bytes: int = MAX_BYTES) -> None:
        self.name = kind
        self._folder = output / kind
        self._suffix = f".{kind}"
        self._max_bytes = max_bytes
        # Whether some of what is to be written may be there: after a crash, or after a failure.
        self._is_unsure = True

    def line(self, record: dict[str, Any]) -> bytes:
        """Give the record as one line, the line end included."""
        raise NotImplementedError

    def head(self) -> bytes:
        """Give what a new file begins with."""
        return b""

    def deliver(self, messages: Sequence[Message]) -> None:
        """Append the records that are not there yet; see `Sink.deliver`."""
        is_unsure, self._is_unsure = self._is_unsure, True
        self._folder.mkdir(parents=True, exist_ok=True)
        days: dict[str, list[bytes]] = {}
        for message in messages:
            days.setdefault(message.record["time"][:10], []).append(self.line(message.shown))
        for day, lines in days.items():
            path, part = self._newest(day)
            left = _missing(path, lines, self.head()) if is_unsure else lines
            if path.exists() and path.stat().st_size >= self._max_bytes:
                path = self._path(day, part + 1)
            _append(path, left, self.head())
        self._is_unsure = False

    def close(self) -> None:
        """Nothing is held open between deliveries, so that files may be moved away."""

    def _newest(self, day: str) -> tuple[Path, int]:
        part = 1
        while self._path(day, part + 1).exists():
            part += 1
        return self._path(day, part), part

    def _path(self, day: str, part: int) -> Path:
        return self._folder / f"{day}{'' if part == 1 else f'_{part}'}{self._suffix}"


class JsonLines(Lines):
    """One JSON object a line, in `jsonl/`."""

    def __init__(self, output: Path, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(output, "jsonl", max_bytes=max_bytes)

    def line(self, record: dict[str, Any]) -> bytes:
        """Give the record as JSON."""
        return f"{json.dumps(record, ensure_ascii=False, allow_nan=False)}\n".encode()


class CsvLines(Lines):
    """A table for a spreadsheet, with a header in each file, in `csv/`."""

    def __init__(self, output: Path, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(output, "csv", max_bytes=max_bytes)

    def line(self, record: dict[str, Any]) -> bytes:
        """Give the record's cells in the order of `COLUMNS`."""
        twin = no_formula(record["duplicate_of"], "./")
        cells = {**record, **csv_cells({**record, **dict.fromkeys(NOT_OF_A_FILE)}), "duplicate_of": twin}
        return _row(
            # A name may hold a line end, and then a row would be no line.
            one_line(cell) if isinstance(cell, str) else cell
            for cell in map(cells.get, COLUMNS)
        )

    def head(self) -> bytes:
        """Give the names of the columns."""
        return _row(COLUMNS)


def _row(cells: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _missing(path: Path, lines: list[bytes], head: bytes) -> list[bytes]:
    """Those lines that the end of the file does not hold; one of them that is cut short is taken off it."""
    if not path.exists():
        return lines
    reach = sum(map(len, lines)) + 1
    with path.open("rb+") as stream:
        size = stream.seek(0, os.SEEK_END)
        start = stream.seek(max(0, size - reach))
        end = stream.read()
        whole = end.rpartition(b"\n")[0]
        torn = end[len(whole) + 1 :] if b"\n" in end else end
        if torn and any(line.startswith(torn) for line in (head, *lines)):
            stream.truncate(start + len(end) - len(torn))
    there = set(whole.splitlines(keepends=False))
    return [line for line in lines if line.rstrip(b"\r\n") not in there]


def _append(path: Path, lines: list[bytes], head: bytes) -> None:
    if not lines:
        return
    with path.open("ab") as stream:
        before = stream.tell()
        ended = before == 0 or _ends_line(path)
        # In one piece, and on the disk before the records leave the outbox.
        stream.write((b"" if ended else b"\n") + (head if before == 0 else b"") + b"".join(lines))
        stream.flush()
        os.fsync(stream.fileno())


def _ends_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
