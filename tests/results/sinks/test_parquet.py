from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flawflow.errors import SinkError
from flawflow.results.record import BoxRecord, PointRecord, RegionRecord
from flawflow.results.sinks import parquet as module
from flawflow.results.sinks.contract import Result
from flawflow.results.sinks.parquet import ParquetFile
from flawflow.results.table import COLUMNS

Write = Callable[..., Result]


def test_the_file_is_there_when_all_is_and_says_what_the_records_say(
    tmp_path: Path, result: Write, monkeypatch: pytest.MonkeyPatch
):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(module, "_ROWS_PER_GROUP", 2)
    region = RegionRecord(BoxRecord(1, 2, 3, 4), 4, 1.0, PointRecord(2.0, 3.0))
    results = [result(number) for number in (1, 2, 3, 4)]
    results += [result(5, verdict="NG", regions=(region,)), result(6, verdict=None, score=None, error="cut")]
    sink = ParquetFile(tmp_path)
    for each in results[:5]:
        sink.deliver([each])
    assert not (tmp_path / "results.parquet").exists()
    sink.deliver(results[5:])
    sink.finish()
    sink.close()
    table = parquet.read_table(tmp_path / "results.parquet")
    assert tuple(table.column_names) == (*COLUMNS, "regions")
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[0]["time"] == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert (rows[4]["verdict"], rows[4]["region_count"], rows[4]["largest_bottom"]) == ("NG", 1, 4)
    assert (rows[5]["verdict"], rows[5]["score"], rows[5]["error"]) == (None, None, "cut")


@pytest.mark.parametrize("count", [0, 1, 5])
def test_an_inspection_that_breaks_off_leaves_none(
    tmp_path: Path, result: Write, monkeypatch: pytest.MonkeyPatch, count: int
):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(module, "_ROWS_PER_GROUP", 2)
    sink = ParquetFile(tmp_path)
    for number in range(count):
        sink.deliver([result(number)])
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "has_parquet", lambda: False)
    with pytest.raises(SinkError, match=r"flawflow\[parquet\]"):
        ParquetFile(tmp_path)
