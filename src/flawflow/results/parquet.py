"""Records as Parquet, through pyarrow (the extra `parquet`)."""

import importlib.util
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flawflow.results.record import STAGES
from flawflow.results.table import COLUMNS, Cell

PARQUET_COLUMNS = (*COLUMNS, "regions")
"""Of a file of records: those of results.csv, and `regions` as JSON."""

_INTEGERS = (
    "region_count", "largest_left", "largest_top", "largest_right", "largest_bottom", "width", "height",
    "frame", "id", "record_version",
)  # fmt: skip
_NUMBERS = ("score", "p_value", "seconds", *(f"{stage}_ms" for stage in STAGES))
_TIMES = ("time", "labelled")
_FLAGS = ("has_picture", "has_mask", "whole_image")


def has_parquet() -> bool:
    """Whether Parquet can be written here."""
    return importlib.util.find_spec("pyarrow") is not None


def parquet_schema(columns: Sequence[str]) -> Any:
    """Give the pyarrow schema of a table with some of the columns of records; what is not known is text."""
    import pyarrow as pa

    kinds = dict.fromkeys(_INTEGERS, pa.int64()) | dict.fromkeys(_NUMBERS, pa.float64())
    kinds |= dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC")) | dict.fromkeys(_FLAGS, pa.bool_())
    return pa.schema([(name, kinds.get(name, pa.string())) for name in columns])


def row_group(rows: Iterable[Mapping[str, Cell]], schema: Any) -> Any:
    """Give rows as one pyarrow table; times may be text as in a record."""
    import pyarrow as pa

    return pa.Table.from_pylist([_with_times(row) for row in rows], schema=schema)


def parquet_chunks(pages: Iterable[Iterable[Mapping[str, Cell]]], columns: Sequence[str]) -> Iterator[bytes]:
    """Give a Parquet file in pieces, a page a row group: memory stays flat however many pages there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, sink = parquet_schema(columns), io.BytesIO()
    with pq.ParquetWriter(pa.PythonFile(_Pipe(sink), mode="w"), schema) as writer:
        for page in pages:
            writer.write_table(row_group(page, schema))
            yield _taken(sink)
    yield _taken(sink)


def _with_times(row: Mapping[str, Cell]) -> Mapping[str, Cell]:
    given = {name: row.get(name) for name in _TIMES}
    times = {name: datetime.fromisoformat(text) for name, text in given.items() if isinstance(text, str)}
    return {**row, **times}


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
