from dataclasses import dataclass
from pathlib import Path

import pytest

from flawflow.storage.sealed_record import read_record, write_record


@dataclass(frozen=True)
class Part:
    name: str
    share: float


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    count: int | None = None


WHOLE = Whole((Part("ä", 0.1), Part("b", 1.0)), 3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_record(tmp_path / "record.json", WHOLE)
    return tmp_path / "record.json"


def test_a_record_is_read_as_it_was_written(file: Path):
    assert read_record(Whole, file) == WHOLE


@pytest.mark.parametrize(
    ("before", "after"),
    [("0.1", "0.2"), ('"count"', '"number"'), ("3", '"3"'), ("}", ""), ('"sha256"', '"sha"')],
)
def test_what_was_changed_is_no_record(file: Path, before: str, after: str):
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")
    assert read_record(Whole, file) is None


def test_what_is_no_record_is_none(tmp_path: Path):
    for content in (b"", b"[]", b"5", b"\xff", b"{" * 9999):
        (tmp_path / "record.json").write_bytes(content)
        assert read_record(Whole, tmp_path / "record.json") is None
    assert read_record(Whole, tmp_path / "none.json") is None
    assert read_record(Whole, tmp_path) is None
