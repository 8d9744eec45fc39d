"""Files of lines: records as JSON or as a table, each line whole even where a disk is full."""

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flawflow.results.record import Record
from flawflow.results.table import COLUMNS, cells_of, csv_line, csv_row
from flawflow.storage.files import errors_name


@dataclass(frozen=True)
class Form:
    """How a record becomes a line.

    Attributes:
        suffix: What files of this form end with, without the dot.
        line: Gives a record's line, its end included.
        head: What a new file begins with.
    """

    suffix: str
    line: Callable[[Record], bytes]
    head: bytes = b""


def json_line(record: Record) -> bytes:
    """Write a record as one line of JSON."""
    return f"{json.dumps(record.to_dict(), ensure_ascii=False, allow_nan=False)}\n".encode()


JSON_LINES = Form("jsonl", json_line)
CSV = Form("csv", lambda record: csv_row(cells_of(record)), head=csv_line(COLUMNS))


def append_lines(path: Path, lines: Sequence[bytes], *, head: bytes = b"", durable: bool = False) -> None:
    """Append lines in one piece, or leave the file as it is and raise OSError.

    Args:
        path: The file; made where it is missing. What ends there without a line end gets one.
        lines: Each with its end.
        head: What a new file begins with.
        durable: Return only when the lines are on the disk.
    """
    if not lines and not head:
        return
    # Without a buffer: what a full disk refused must not come up again when the file is closed.
    with errors_name(path), path.open("ab", buffering=0) as file:
        end = file.tell()
        start = head if end == 0 else b"" if _ends_line(path) else b"\n"
        try:
            rest = memoryview(start + b"".join(lines))
            while rest:
                rest = rest[file.write(rest) :]
            if durable:
                os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise


def missing_lines(path: Path, lines: list[bytes], head: bytes = b"") -> list[bytes]:
    """Give those lines that the end of a file lacks; one of them that is cut short there is taken off."""
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


def begins_with(path: Path, head: bytes) -> bool:
    """Whether a file begins with `head`, or is missing, or too short to tell."""
    if not path.exists():
        return True
    with path.open("rb") as stream:
        return head.startswith(stream.read(len(head)))


def _ends_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
