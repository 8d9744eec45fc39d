import errno
import json
import os
from pathlib import Path

import pytest

from flawflow.results.lines import CSV, JSON_LINES, append_lines, begins_with
from flawflow.results.record import Record
from flawflow.results.table import COLUMNS


def test_a_record_is_one_line_of_json_that_reads_back():
    line = JSON_LINES.line(Record(path="é\n.png", score=0.5))
    assert line.count(b"\n") == 1
    assert Record.from_dict(json.loads(line)) == Record(path="é\n.png", score=0.5)
    with pytest.raises(ValueError, match="JSON"):
        JSON_LINES.line(Record(score=float("nan")))


def test_the_head_comes_once_and_what_ends_without_a_line_end_gets_one(tmp_path: Path):
    path = tmp_path / "a.csv"
    append_lines(path, [b"1\n"], head=b"n\n")
    append_lines(path, [b"2\n", b"3\n"], head=b"n\n")
    assert path.read_bytes() == b"n\n1\n2\n3\n"
    other = tmp_path / "b.csv"
    other.write_bytes(b"a remark")
    append_lines(other, [b"1\n"], head=b"n\n")
    assert other.read_bytes() == b"a remark\n1\n"


@pytest.mark.parametrize("durable", [False, True])
def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool):
    path = tmp_path / "a.jsonl"
    append_lines(path, [b"1\n"])

    class Full:
        """A file that takes three bytes more."""

        def __init__(self) -> None:
            self._file = open(path, "ab", buffering=0)  # noqa: PTH123, SIM115
            self._left = 3
            self.fileno, self.tell, self.truncate = self._file.fileno, self._file.tell, self._file.truncate

        def write(self, content: memoryview) -> int:
            if not self._left:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written = self._file.write(content[: self._left])
            self._left -= written
            return written

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

    whole = Path.open

    def opened(self: Path, mode: str = "r", **options: int) -> object:
        return Full() if mode == "ab" else whole(self, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        with pytest.raises(OSError, match="No space") as caught:
            append_lines(path, [b"a longer line\n"], durable=durable)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"1\n"


def test_a_table_of_other_columns_is_noticed(tmp_path: Path):
    path = tmp_path / "a.csv"
    assert begins_with(path, CSV.head)
    append_lines(path, [], head=CSV.head)
    assert begins_with(path, CSV.head)
    assert len(CSV.head.split(b",")) == len(COLUMNS)
    path.write_bytes(b"id,time\r\n" + CSV.head)
    assert not begins_with(path, CSV.head)
