"""A Parquet file of a whole inspection."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flawflow.errors import SinkError
from flawflow.results.parquet import PARQUET_COLUMNS, has_parquet, parquet_schema, row_group
from flawflow.results.sinks.contract import Result, Setting, Sink
from flawflow.results.table import Cell, cells_of
from flawflow.storage.files import whole_file

PARQUET_NAME = "results.parquet"

# Rows of one row group: what is kept in memory until it is written.
_ROWS_PER_GROUP = 1000


def open_parquet(setting: Setting, _address: str) -> Sink:
    """Open the file of an inspection."""
    return ParquetFile(setting.output)


class ParquetFile(Sink):
    """Writes `results.parquet` when an inspection ends: such a file can be read only when it is whole."""

    name = "parquet"

    def __init__(self, output: Path) -> None:
        """Make sure that it can be written.

        Raises:
            SinkError: pyarrow is not installed.
        """
        if not has_parquet():
            raise SinkError("Parquet needs one more package: pip install 'flawflow[parquet]', or take csv")
        self._path = output / PARQUET_NAME
        self._schema = parquet_schema(PARQUET_COLUMNS)
        self._rows: list[dict[str, Cell]] = []
        self._open = ExitStack()
        self._writer: Any = None

    def deliver(self, results: Sequence[Result]) -> None:
        """Keep rows until a row group is full; see `Sink.deliver`."""
        self._rows += [cells_of(result.record) for result in results]
        if len(self._rows) >= _ROWS_PER_GROUP:
            self._write_rows()

    def finish(self) -> None:
        """Write the rest and put the file in its place; see `Sink.finish`."""
        self._write_rows()
        self._open.close()

    def close(self) -> None:
        """Remove what is not whole; see `Sink.close`."""
        # As an error would end it: the file is put in its place only when the block ends well.
        self._open.__exit__(_Unfinished, _Unfinished(), None)

    def _write_rows(self) -> None:
        import pyarrow.parquet as pq

        if self._writer is None:
            scratch = self._open.enter_context(whole_file(self._path))
            self._writer = self._open.enter_context(pq.ParquetWriter(scratch, self._schema))
        if self._rows:
            self._writer.write_table(row_group(self._rows, self._schema))
            self._rows.clear()


class _Unfinished(Exception):  # noqa: N818  # no error: it takes a scratch file away
    """An inspection ended before its last result."""
