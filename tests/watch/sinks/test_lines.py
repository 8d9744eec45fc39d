import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flawflow.watch.journal import Message
from flawflow.watch.sinks.lines import COLUMNS, CsvLines, JsonLines

Write = Callable[..., Message]
FIRST = "2026-11-22"


def ids(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


def test_a_line_a_record_and_a_file_a_day(tmp_path: Path, message: Write):
    sink = JsonLines(tmp_path)
    sink.deliver([message(1), message(2), message(3, time="2026-11-23T00:00:00.000+00:00")])
    sink.deliver([message(4, time="2026-11-23T00:00:01.000+00:00")])
    assert ids(tmp_path / "jsonl" / f"{FIRST}.jsonl") == [1, 2]
    assert ids(tmp_path / "jsonl" / "2026-11-23.jsonl") == [3, 4]


def test_a_file_that_has_become_large_is_followed_by_another(tmp_path: Path, message: Write):
    sink = JsonLines(tmp_path, max_bytes=500)
    for number in range(1, 6):
        sink.deliver([message(number)])
    written = sorted((tmp_path / "jsonl").iterdir(), key=lambda path: ids(path)[0])
    assert [path.name for path in written] == [f"{FIRST}.jsonl", f"{FIRST}_2.jsonl", f"{FIRST}_3.jsonl"][
        : len(written)
    ]
    assert len(written) > 1
    assert [number for path in written for number in ids(path)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [JsonLines, CsvLines])
@pytest.mark.parametrize("cut", [0, 1, 7, 10_000])
def test_after_a_crash_each_line_is_there_once(
    tmp_path: Path, message: Write, kind: type[JsonLines | CsvLines], cut: int
):
    """A crash leaves any part of what was written, and the journal offers all of it again."""
    kind(tmp_path).deliver([message(1), message(2)])
    (path,) = (tmp_path / kind(tmp_path).name).iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    kind(tmp_path).deliver([message(1), message(2)])
    assert path.read_bytes() == whole


def test_a_failed_write_is_mended_by_the_next(
    tmp_path: Path, message: Write, monkeypatch: pytest.MonkeyPatch
):
    sink = JsonLines(tmp_path)
    sink.deliver([message(1)])
    path = tmp_path / "jsonl" / f"{FIRST}.jsonl"
    whole = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            sink.deliver([message(2)])
    path.write_bytes(path.read_bytes()[:-5])
    sink.deliver([message(2)])
    assert ids(path) == [1, 2]
    assert path.read_bytes().startswith(whole)


def test_what_another_has_written_is_kept(tmp_path: Path, message: Write):
    path = tmp_path / "jsonl" / f"{FIRST}.jsonl"
    path.parent.mkdir()
    path.write_text("a remark without an end")
    JsonLines(tmp_path).deliver([message(1)])
    remark, line = path.read_text("utf-8").splitlines()
    assert remark == "a remark without an end"
    assert json.loads(line)["id"] == 1


def test_the_table_has_one_header_a_file_and_one_line_a_record(tmp_path: Path, message: Write):
    sink = CsvLines(tmp_path)
    region = {"box": {"left": 1, "top": 2, "right": 3, "bottom": 4}, "area": 4, "peak": 1.0, "centroid": {}}
    sink.deliver([message(1, regions=[region], verdict="NG"), message(2, path="=cmd|'/c calc'!A\n.png")])
    sink.deliver(
        [message(3, duplicate_of="@x.png", verdict=None, regions=None, timings_ms=None, error="-bad")]
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
    torn=st.integers(0, 400),
)
def test_over_crashes_each_record_has_exactly_one_line_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], crashes: set[int], torn: int
):
    """The law: a batch that was written in part or whole before a crash is offered again and there once."""
    folder = tmp_path_factory.mktemp("out")
    sink, number = JsonLines(folder, max_bytes=200), 0
    for index, count in enumerate(batches):
        messages = [
            Message(n, {"id": n, "time": f"{FIRST}T", "path": "é" * n, "duplicate_of": None})
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
            sink = JsonLines(folder, max_bytes=200)
            sink.deliver(messages)
    files = sorted(folder.rglob("*.jsonl"), key=lambda path: (len(path.name), path.name))
    assert [n for path in files for n in ids(path)] == list(range(1, number + 1))
