import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flawflow.results.lines import CSV, JSON_LINES, Form
from flawflow.results.record import BoxRecord, PointRecord, Record, RegionRecord
from flawflow.results.sinks.contract import Result
from flawflow.results.sinks.lines import DatedLines, ListFile
from flawflow.results.table import COLUMNS

Write = Callable[..., Result]
FIRST = "2026-11-22"


def ids(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


def test_a_line_a_record_and_a_file_a_day(tmp_path: Path, result: Write):
    sink = DatedLines(JSON_LINES, tmp_path)
    sink.deliver([result(1), result(2), result(3, time="2026-11-23T00:00:00.000+00:00")])
    sink.deliver([result(4, time="2026-11-23T00:00:01.000+00:00")])
    assert ids(tmp_path / "jsonl" / f"{FIRST}.jsonl") == [1, 2]
    assert ids(tmp_path / "jsonl" / "2026-11-23.jsonl") == [3, 4]


def test_a_file_that_has_become_large_is_followed_by_another(tmp_path: Path, result: Write):
    sink = DatedLines(JSON_LINES, tmp_path, max_bytes=1000)
    for number in range(1, 6):
        sink.deliver([result(number)])
    written = sorted((tmp_path / "jsonl").iterdir(), key=lambda path: ids(path)[0])
    assert [path.name for path in written] == [f"{FIRST}.jsonl", f"{FIRST}_2.jsonl", f"{FIRST}_3.jsonl"][
        : len(written)
    ]
    assert len(written) > 1
    assert [number for path in written for number in ids(path)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("form", [JSON_LINES, CSV])
@pytest.mark.parametrize("cut", [0, 1, 7, 10_000])
def test_after_a_crash_each_line_is_there_once(tmp_path: Path, result: Write, form: Form, cut: int):
    """A crash leaves any part of what was written, and the journal offers all of it again."""
    DatedLines(form, tmp_path).deliver([result(1), result(2)])
    (path,) = (tmp_path / form.suffix).iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    DatedLines(form, tmp_path).deliver([result(1), result(2)])
    assert path.read_bytes() == whole


def test_a_failed_write_is_mended_by_the_next(tmp_path: Path, result: Write, monkeypatch: pytest.MonkeyPatch):
    sink = DatedLines(JSON_LINES, tmp_path)
    sink.deliver([result(1)])
    path = tmp_path / "jsonl" / f"{FIRST}.jsonl"
    whole = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            sink.deliver([result(2)])
    assert path.read_bytes() == whole
    sink.deliver([result(2)])
    assert ids(path) == [1, 2]


def test_what_another_has_written_is_kept(tmp_path: Path, result: Write):
    path = tmp_path / "jsonl" / f"{FIRST}.jsonl"
    path.parent.mkdir()
    path.write_text("a remark without an end")
    DatedLines(JSON_LINES, tmp_path).deliver([result(1)])
    remark, line = path.read_text("utf-8").splitlines()
    assert remark == "a remark without an end"
    assert json.loads(line)["id"] == 1


def test_the_table_has_one_header_a_file_and_one_line_a_record(tmp_path: Path, result: Write):
    sink = DatedLines(CSV, tmp_path)
    region = RegionRecord(BoxRecord(1, 2, 3, 4), 4, 1.0, PointRecord(2.0, 3.0))
    sink.deliver([result(1, regions=(region,), verdict="NG"), result(2, path="=cmd|'/c calc'!A\n.png")])
    sink.deliver(
        [result(3, duplicate_of="@x.png", verdict=None, regions=None, timings_ms=None, error="-bad")]
    )
    text = (tmp_path / "csv" / f"{FIRST}.csv").read_text("utf-8")
    assert len(text.splitlines()) == 4
    header, *rows = csv.reader(text.splitlines())
    assert tuple(header) == COLUMNS
    first, second, third = (dict(zip(header, row, strict=True)) for row in rows)
    assert (first["id"], first["verdict"], first["region_count"], first["largest_right"]) == (
        "1",
        "NG",
        "1",
        "3",
    )
    assert second["path"] == "./=cmd|'/c calc'!A\\n.png"
    assert (third["duplicate_of"], third["error"], third["verdict"]) == ("./@x.png", "'-bad", "")


@settings(max_examples=50)
@given(
    batches=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    crashes=st.sets(st.integers(0, 5)),
    torn=st.integers(0, 2000),
)
def test_over_crashes_each_record_has_exactly_one_line_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], crashes: set[int], torn: int
):
    """The law: a batch that was written in part or whole before a crash is offered again and there once."""
    folder = tmp_path_factory.mktemp("out")
    sink, number = DatedLines(JSON_LINES, folder, max_bytes=600), 0
    for index, count in enumerate(batches):
        messages = [
            Result(Record(id=n, time=f"{FIRST}T", path="é" * n))
            for n in range(number + 1, number + count + 1)
        ]
        number += count
        before = {path: path.stat().st_size for path in folder.rglob("*.jsonl")}
        sink.deliver(messages)
        if index in crashes:
            newest = max(folder.rglob("*.jsonl"), key=lambda path: (len(path.name), path.name))
            kept = max(before.get(newest, 0), newest.stat().st_size - torn)
            with newest.open("rb+") as stream:
                stream.truncate(kept)
            sink = DatedLines(JSON_LINES, folder, max_bytes=600)
            sink.deliver(messages)
    files = sorted(folder.rglob("*.jsonl"), key=lambda path: (len(path.name), path.name))
    assert [n for path in files for n in ids(path)] == list(range(1, number + 1))


def test_a_table_that_an_earlier_flawflow_began_is_followed_by_another(tmp_path: Path, result: Write):
    (tmp_path / "csv").mkdir()
    earlier = tmp_path / "csv" / f"{FIRST}.csv"
    earlier.write_bytes(b"id,time,path\r\n1,x,a.png\r\n")
    sink = DatedLines(CSV, tmp_path)
    sink.deliver([result(2)])
    sink.deliver([result(3)])
    assert earlier.read_bytes() == b"id,time,path\r\n1,x,a.png\r\n"
    (row, _) = csv.DictReader((tmp_path / "csv" / f"{FIRST}_2.csv").read_text("utf-8").splitlines())
    assert (row["id"], row["path"]) == ("2", "2.png")


@pytest.mark.parametrize("form", [JSON_LINES, CSV])
def test_the_list_of_an_inspection_is_whole_after_every_result(tmp_path: Path, result: Write, form: Form):
    sink = ListFile(form, tmp_path)
    path = tmp_path / f"results.{form.suffix}"
    assert not path.exists()
    for count in (1, 2, 3):
        sink.deliver([result(count)])
        # Nothing is closed here: this is what a killed process leaves.
        expected = form.head + b"".join(form.line(result(number).record) for number in range(1, count + 1))
        assert path.read_bytes() == expected


def test_the_list_of_an_earlier_inspection_is_never_written_over(tmp_path: Path, result: Write):
    ListFile(CSV, tmp_path).deliver([result(1)])
    with pytest.raises(FileExistsError):
        ListFile(CSV, tmp_path).deliver([result(2)])
