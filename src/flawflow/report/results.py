"""results.jsonl and results.csv: one record a picture, complete after every picture."""

import contextlib
import csv
import io
import json
import math
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flawflow.files import errors_name
from flawflow.inspect.inspection import Failure, Inspection

JSONL_NAME = "results.jsonl"
CSV_NAME = "results.csv"

CSV_COLUMNS = (
    "path", "verdict", "score", "p_value", "region_count",
    "largest_left", "largest_top", "largest_right", "largest_bottom",
    "width", "height", "overlay", "error",
    "read_ms", "prepare_ms", "infer_ms", "judge_ms", "frame", "seconds",
)  # fmt: skip

# A spreadsheet takes a cell that begins so for a formula and would run it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_record(
    outcome: Inspection | Failure,
    *,
    overlay: str | None = None,
    frame: int | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Give the record of one picture, ready for JSON.

    Args:
        outcome: An inspection, or the failure of one.
        overlay: Where the overlay is, relative to the results; None where none was written.
        frame: The number of a video's frame; None for a picture.
        seconds: The frame's time since the first one.

    Returns:
        Always the same keys. A picture that could not be inspected has its sentence in `error` and
        null in `score`, `p_value`, `verdict`, `regions`, `width`, `height` and `timings_ms`;
        for all others `error` is null. `frame` and `seconds` are null for a picture that is no
        frame of a video. Boxes are pixels of the picture's own size; right and
        bottom are exclusive.
    """
    path = None if outcome.path is None else readable(outcome.path)
    if isinstance(outcome, Failure):
        keys = ("score", "p_value", "verdict", "regions", "width", "height", "timings_ms", "overlay")
        return {"path": path, **dict.fromkeys((*keys, "frame", "seconds")), "error": readable(outcome.error)}
    height, width = outcome.size
    regions = [
        {
            "box": dict(zip(("left", "top", "right", "bottom"), region.box, strict=True)),
            "area": region.area,
            "peak": _finite(region.peak),
            "centroid": dict(zip(("x", "y"), region.centroid, strict=True)),
        }
        for region in outcome.regions
    ]
    timings = outcome.timings
    took = {stage: getattr(timings, stage) for stage in ("read", "prepare", "infer", "judge")}
    return {
        "path": path,
        "score": _finite(outcome.score),
        "p_value": _finite(outcome.p_value),
        "verdict": outcome.verdict,
        "regions": regions,
        "width": width,
        "height": height,
        "timings_ms": {stage: round(1000 * value, 3) for stage, value in took.items()},
        "overlay": overlay,
        "error": None,
        "frame": frame,
        "seconds": None if seconds is None else round(seconds, 6),
    }


class ResultFiles:
    """Writes both files side by side, a line a picture, each line in one piece.

    A process that is killed leaves two files that can be read and lack at most the picture in work.
    """

    def __init__(self, folder: Path) -> None:
        """Begin both files in `folder`, which is created when it is missing.

        Raises:
            FileExistsError: One of them is already there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._jsonl = _Lines(folder / JSONL_NAME)
        self._csv = _Lines(folder / CSV_NAME)
        try:
            self._append_csv(CSV_COLUMNS)
        except OSError:
            self.__exit__(None, None, None)
            raise

    def write(self, record: dict[str, Any]) -> None:
        """Append one record of `to_record`."""
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        self._jsonl.append(f"{line}\n".encode())
        cells = csv_cells(record)
        self._append_csv(tuple(cells.get(column) for column in CSV_COLUMNS))

    def _append_csv(self, cells: tuple[Any, ...]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line).writerow(cells)
        self._csv.append(line.getvalue().encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jsonl.close()
        self._csv.close()


class _Lines:
    """A file that holds whole lines only, even where the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Without a buffer: what a full disk refused must not come up again when the file is closed.
        self._file = path.open("xb", buffering=0)

    def append(self, line: bytes) -> None:
        """Add a line, or leave the file as it is and raise OSError."""
        end = self._file.tell()
        try:
            with errors_name(self._path):
                rest = memoryview(line)
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise

    def close(self) -> None:
        self._file.close()


def readable(text: str | Path) -> str:
    """Give text that every JSON and CSV reader takes: a byte that is no UTF-8 becomes an escape."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def csv_cells(record: dict[str, Any]) -> dict[str, Any]:
    """Give the cells of a record of `to_record` by the names of `CSV_COLUMNS`; empty ones may be left out."""
    regions = record["regions"] or ()
    largest = max(regions, key=lambda region: region["area"])["box"] if regions else {}
    timings = record["timings_ms"] or {}
    return {
        **{
            key: record[key] for key in ("verdict", "score", "p_value", "width", "height", "frame", "seconds")
        },
        **{f"largest_{side}": value for side, value in largest.items()},
        **{f"{stage}_ms": value for stage, value in timings.items()},
        "region_count": None if record["regions"] is None else len(regions),
        # A relative path keeps its meaning behind "./"; other text is marked as text by an apostrophe.
        "path": no_formula(record["path"], "./"),
        "overlay": no_formula(record["overlay"], "./"),
        "error": no_formula(record["error"], "'"),
    }


def no_formula(text: str | None, guard: str) -> str | None:
    """Put `guard` before text that a spreadsheet would run as a formula."""
    return guard + text if text is not None and text.startswith(_FORMULA_STARTS) else text


def _finite(value: float) -> float | None:
    # JSON knows neither NaN nor infinity.
    return value if math.isfinite(value) else None
