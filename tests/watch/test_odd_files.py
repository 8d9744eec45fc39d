import os
from pathlib import Path
from typing import Any

import pytest

from flawflow.errors import WatchError
from flawflow.results.record import Record
from flawflow.watch.journal import Journal
from flawflow.watch.scan import Seen

from .watching import Examiner, Make, drop, rounds


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("odd"), ValueError("\udcfc"), KeyError("x")])
def test_whatever_one_file_raises_becomes_its_record(
    error: Exception, folder: Path, make: Make, journal: Journal, examiner: Examiner
):
    def odd(path: str, content: bytes, sha256: str) -> Record:
        if path == "a.png":
            raise error
        return examiner(path, content, sha256)

    drop(folder, "a.png", b"good a", seconds=1)
    drop(folder, "b.png", b"good b", seconds=2)
    rounds(make(examine=odd, give_up=0.0), 4)
    records = {m.record.path: m.record for m in journal.waiting("x", 9)}
    assert records["b.png"].verdict == "OK"
    assert records["a.png"].verdict is None
    assert f"a.png cannot be examined ({type(error).__name__}" in (records["a.png"].error or "")


def test_a_verdict_that_cannot_be_recorded_is_an_error_of_that_file(
    folder: Path, make: Make, journal: Journal
):
    def nan(path: str, content: bytes, sha256: str) -> Record:
        return Record(verdict="OK", score=float("nan") if path == "a.png" else 1.0)

    drop(folder, "a.png", b"good a", seconds=1)
    drop(folder, "b.png", b"good b", seconds=2)
    rounds(make(examine=nan), 4)
    records = {m.record.path: m.record for m in journal.waiting("x", 9)}
    assert "cannot be recorded (ValueError" in (records["a.png"].error or "")
    assert records["b.png"].verdict == "OK"


def test_a_failing_journal_is_no_fault_of_a_file(
    folder: Path, make: Make, journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    drop(folder, "a.png", b"good")
    watcher = make()
    rounds(watcher, 1)
    known = journal.known

    def fails(paths: Any) -> Any:
        if watcher.waiting:
            raise WatchError("the journal is gone")
        return known(paths)

    monkeypatch.setattr(journal, "known", fails)
    with pytest.raises(WatchError, match="journal is gone"):
        rounds(watcher, 1)


@pytest.mark.parametrize("year", [1902, 1969, 1970, 2038, 2106, 2262, 2400])
def test_any_time_of_change_will_do(year: int, folder: Path, make: Make, examiner: Examiner):
    seconds = (year - 1970) * 31_556_952
    drop(folder, "a.png", b"good 1", seconds=seconds)
    drop(folder, "b.png", b"good 2")
    watcher = make()
    rounds(watcher, 4)
    assert sorted(examiner.paths) == ["a.png", "b.png"]
    drop(folder, "a.png", b"good 3", seconds=seconds + 1)
    rounds(watcher, 4)
    assert len(examiner.paths) == 3


def test_names_that_are_no_text_are_watched(folder: Path, make: Make, journal: Journal):
    name = os.fsdecode(b"St\xfcck.png")
    drop(folder, name, b"good")
    rounds(make())
    (result,) = journal.waiting("x", 9)
    assert result.file == name
    assert result.record.path is not None
    result.record.path.encode()


def test_a_file_where_a_folder_was_is_gone_and_no_error(
    folder: Path, make: Make, examiner: Examiner, journal: Journal
):
    drop(folder, "sub/a.png", b"good a")
    watcher = make(give_up=0.0)
    rounds(watcher, 1)
    (folder / "sub" / "a.png").unlink()
    (folder / "sub").rmdir()
    drop(folder, "sub", b"no folder")
    outcome = watcher._try(Seen(0, "sub/a.png", 6))
    assert outcome is None
    drop(folder, "b.png", b"good b")
    rounds(watcher, 3)
    assert examiner.paths == ["b.png"]
    assert [m.record.error for m in journal.waiting("x", 9)] == [None]
