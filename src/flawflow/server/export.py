"""Inspections as CSV and as Parquet, page by page: memory stays flat however many there are."""

from collections.abc import Iterable, Iterator

from flawflow.results.parquet import has_parquet, parquet_chunks
from flawflow.results.table import COLUMNS, Cell, cells_of, csv_line, csv_row
from flawflow.server.db import InspectionRow
from flawflow.server.errors import StationError
from flawflow.server.rows import record_of_row

EXPORT_COLUMNS = (*COLUMNS, "regions", "label", "labelled", "has_picture", "has_mask")
"""Those of every table of records, and what the station knows besides."""

_REVIEW_COLUMNS = ("label", "labelled", "has_picture", "has_mask")


class ParquetMissingError(StationError):
    """The extra `parquet` is not installed."""

    status = 501


def require_parquet() -> None:
    """Make sure that Parquet can be written.

    Raises:
        ParquetMissingError: It cannot.
    """
    if not has_parquet():
        raise ParquetMissingError(
            "Parquet needs one more package: pip install 'flawflow[parquet]', or export CSV"
        )


def csv_pages(pages: Iterable[list[InspectionRow]], journal: str) -> Iterator[bytes]:
    """Give a CSV file in pieces, a page each; `journal` is the station's identity."""
    yield csv_line(EXPORT_COLUMNS)
    for page in pages:
        yield b"".join(csv_row(_cells(row, journal), EXPORT_COLUMNS) for row in page)


def parquet_pages(pages: Iterable[list[InspectionRow]], journal: str) -> Iterator[bytes]:
    """Give a Parquet file in pieces, a page a row group; `journal` is the station's identity."""
    return parquet_chunks(([_cells(row, journal) for row in page] for page in pages), EXPORT_COLUMNS)


def _cells(row: InspectionRow, journal: str) -> dict[str, Cell]:
    return cells_of(record_of_row(row, journal)) | {name: getattr(row, name) for name in _REVIEW_COLUMNS}
