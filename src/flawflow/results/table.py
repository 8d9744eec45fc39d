"""Records as rows of a table: the columns of every CSV and Parquet file, and the one CSV cell."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from flawflow.results.record import STAGES, Record

COLUMNS = (
    "path", "verdict", "score", "p_value", "region_count",
    "largest_left", "largest_top", "largest_right", "largest_bottom",
    "width", "height", "overlay", "error",
    *(f"{stage}_ms" for stage in STAGES), "frame", "seconds",
    "id", "time", "journal", "model", "model_sha256", "sha256", "source", "duplicate_of", "record_version",
    "whole_image",
)  # fmt: skip
"""One column a field; of the regions the count and the largest one's box."""

Cell = str | int | float | bool | datetime | None
"""What stands in a cell of any table."""

# A relative path keeps its meaning behind "./"; other text is marked as text by an apostrophe.
_PATHS = frozenset({"path", "overlay", "duplicate_of"})
# A spreadsheet takes a cell that begins so for a formula and would run it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cells_of(record: Record) -> dict[str, Cell]:
    """Give the values of a record's row by the names of `COLUMNS`; `regions` too, as JSON."""
    values = record.to_dict()
    regions, timings = values.pop("regions"), values.pop("timings_ms") or {}
    largest = max(regions, key=lambda region: int(region["area"]))["box"] if regions else {}
    return {
        **values,
        **{f"largest_{side}": value for side, value in largest.items()},
        **{f"{stage}_ms": value for stage, value in timings.items()},
        "region_count": None if regions is None else len(regions),
        "regions": None if regions is None else json.dumps(regions),
    }


def csv_line(cells: Iterable[Cell]) -> bytes:
    """Write cells as one line of CSV, its line end included."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()


def csv_row(values: Mapping[str, Cell], columns: Iterable[str] = COLUMNS) -> bytes:
    """Write what `cells_of` gave, and what else has a column, as one line of CSV."""
    return csv_line(csv_cell(values.get(name), guard="./" if name in _PATHS else "'") for name in columns)


def csv_cell(value: Cell, *, guard: str = "'") -> str | int | float | None:
    r"""Give what stands in a cell: a value in the one spelling that every table here has.

    Args:
        value: A number, text, a time, true or false, or None for an empty cell.
        guard: What is put before text that a spreadsheet would run as a formula.

    >>> csv_cell(True), csv_cell("=1+1"), csv_cell("a\nb.png"), csv_cell(0.5)
    ('true', "'=1+1", 'a\\nb.png', 0.5)
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    # A name may hold a line end, and then a row would be no line.
    return no_formula(value, guard=guard).replace("\r", "\\r").replace("\n", "\\n")


def no_formula(text: str, *, guard: str = "'") -> str:
    """Put `guard` before text that a spreadsheet would run as a formula.

    >>> no_formula("=1+1"), no_formula("a.png")
    ("'=1+1", 'a.png')
    """
    return guard + text if text.startswith(_FORMULA_STARTS) else text
