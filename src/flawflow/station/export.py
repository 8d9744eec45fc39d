"""Inspections as CSV and as Parquet, page by page: memory stays flat however many there are."""

import csv
import importlib.util
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from flawflow.report.results import no_formula
from flawflow.station.errors import StationError
from flawflow.station.record import InspectionRow

COLUMNS = (
    "id", "time", "model", "model_sha256", "name", "source", "verdict", "score", "p_value", "label",
    "labelled", "width", "height", "region_count", "regions", "read_ms", "prepare_ms", "infer_ms", "judge_ms",
    "picture_sha256", "has_picture", "has_mask",
)  # fmt: skip


_TIMES = ("time", "labelled")


class ParquetMissingError(StationError):
    """The extra `parquet` is not installed."""

    status = 501


def require_parquet() -> None:
    """Make sure that Parquet can be written.

    Raises:
        ParquetMissingError: It cannot.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ParquetMissingError(
            "Parquet needs one more package: pip install 'flawflow[parquet]', or export CSV"
        )


def csv_lines(pages: Iterable[list[InspectionRow]]) -> Iterator[str]:
    """Give a CSV file in pieces, a page each; names that a spreadsheet would run are marked as text."""
    yield _csv([COLUMNS])
    for page in pages:
        records = (_record(row) for row in page)
        yield _csv(tuple(_cell(name, record[name]) for name in COLUMNS) for record in records)


def parquet_chunks(pages: Iterable[list[InspectionRow]]) -> Iterator[bytes]:
    """Give a Parquet file in pieces, a page a row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text, number, flag, big = pa.string(), pa.float64(), pa.bool_(), pa.int64()
    kinds = {
        "id": big,
        "width": big,
        "height": big,
        "region_count": big,
        "has_picture": flag,
        "has_mask": flag,
    }
    kinds |= dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC"))
    kinds |= dict.fromkeys(("score", "p_value", "read_ms", "prepare_ms", "infer_ms", "judge_ms"), number)
    schema = pa.schema([(name, kinds.get(name, text)) for name in COLUMNS])
    sink = io.BytesIO()
    with pq.ParquetWriter(pa.PythonFile(_Pipe(sink), mode="w"), schema) as writer:
        for page in pages:
            writer.write_table(pa.Table.from_pylist([_record(row) for row in page], schema=schema))
            yield _taken(sink)
    yield _taken(sink)


class _Pipe:
    """What pyarrow writes to: it goes on in `sink`, which is emptied meanwhile, and knows its own place."""

    closed = False

    def __init__(self, sink: io.BytesIO) -> None:
        self._sink, self._place = sink, 0

    def write(self, content: bytes) -> int:
        self._place += len(content)
        return self._sink.write(content)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """The sink is read once more."""


def _taken(sink: io.BytesIO) -> bytes:
    content = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return content


def _record(row: InspectionRow) -> dict[str, Any]:
    record = {name: getattr(row, name) for name in COLUMNS if hasattr(row, name)}
    record |= {f"{stage}_ms": value for stage, value in row.timings.items()}
    record["regions"] = json.dumps(row.regions)
    record["region_count"] = len(row.regions)
    return record


def _cell(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return no_formula(value, "'") if isinstance(value, str) else value


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
