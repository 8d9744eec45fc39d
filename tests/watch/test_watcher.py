import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flawflow.results.record import Record
from flawflow.watch import watcher as module
from flawflow.watch.journal import Journal
from flawflow.watch.watcher import LaterError, Watcher, WatchLimits

from .watching import Examiner, Make, drop, rounds


def test_each_file_is_examined_once_oldest_first(
    folder: Path, make: Make, examiner: Examiner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "in_order", lambda function, items: (function(item) for item in items))
    for name, age in (("b.png", 30), ("a.png", 30), ("z.png", 10), ("sub/y.png", 20)):
        drop(folder, name, b"good" + name.encode(), seconds=age)
    watcher = make()
    rounds(watcher, 4)
    assert examiner.paths == ["z.png", "sub/y.png", "a.png", "b.png"]
    assert watcher.verdict_counts["OK"] == 4
    assert watcher.waiting == 0


def test_more_files_than_fit_into_a_round_are_all_examined_oldest_first(
    folder: Path, make: Make, examiner: Examiner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_MAX_FILES_PER_ROUND", 7)
    monkeypatch.setattr(module, "_PATHS_PER_QUERY", 3)
    monkeypatch.setattr(module, "in_order", lambda function, items: (function(item) for item in items))
    for number in range(20):
        drop(folder, f"{number}.png", b"good%d" % number, seconds=1000 - number)
    rounds(make(), 8)
    assert examiner.paths == [f"{number}.png" for number in range(19, -1, -1)]


def test_a_half_written_file_is_examined_when_it_is_whole(folder: Path, make: Make, examiner: Examiner):
    drop(folder, "a.png", b"go")
    watcher = make()
    rounds(watcher, 3)
    assert examiner.given == []
    assert watcher.waiting == 1
    drop(folder, "a.png", b"good, whole")
    rounds(watcher)
    assert examiner.given == [("a.png", b"good, whole")]
    assert watcher.verdict_counts["unreadable"] == 0


def test_a_file_that_never_becomes_whole_is_reported_once(folder: Path, make: Make, journal: Journal):
    drop(folder, "a.png", b"go")
    records: list[Record] = []
    watcher = make(give_up=0.0, on_done=records.append)
    rounds(watcher, 6)
    (record,) = records
    assert (record.verdict, record.path, record.score) == (None, "a.png", None)
    assert record.error == "a.png is cut short."
    assert watcher.verdict_counts["unreadable"] == 1
    assert len(journal.waiting("x", 9)) == 1


def test_a_reported_file_that_becomes_whole_later_is_examined(folder: Path, make: Make, examiner: Examiner):
    drop(folder, "a.png", b"go")
    watcher = make(give_up=0.0)
    rounds(watcher, 6)
    drop(folder, "a.png", b"good after all")
    rounds(watcher)
    assert examiner.paths == ["a.png"]


def test_a_file_that_changes_while_it_waits_is_not_examined_as_it_was(
    folder: Path, make: Make, examiner: Examiner, monkeypatch: pytest.MonkeyPatch
):
    drop(folder, "a.png", b"good 1")
    watcher = make()
    rounds(watcher, 1)
    read = module._read

    def late(*arguments: Any) -> bytes:
        drop(folder, "a.png", b"good 1 and more")
        return read(*arguments)

    monkeypatch.setattr(module, "_read", late)
    rounds(watcher, 1)
    monkeypatch.undo()
    assert examiner.given == []
    rounds(watcher)
    assert examiner.given == [("a.png", b"good 1 and more")]


def test_a_known_name_with_other_content_is_examined_again(folder: Path, make: Make, examiner: Examiner):
    drop(folder, "latest.png", b"good 1", seconds=1)
    watcher = make()
    rounds(watcher)
    drop(folder, "latest.png", b"good 2", seconds=2)
    rounds(watcher)
    assert [content for _, content in examiner.given] == [b"good 1", b"good 2"]


def test_known_name_and_content_written_again_is_only_counted(
    folder: Path, make: Make, examiner: Examiner, journal: Journal
):
    drop(folder, "a.png", b"good", seconds=1)
    watcher = make()
    rounds(watcher)
    drop(folder, "a.png", b"good", seconds=2)
    rounds(watcher, 4)
    assert len(examiner.given) == 1
    assert watcher.verdict_counts["unchanged"] == 1
    assert len(journal.waiting("x", 9)) == 1


def test_known_content_under_a_new_name_has_its_own_record_that_says_so(
    folder: Path, make: Make, journal: Journal
):
    drop(folder, "a.png", b"good", seconds=1)
    drop(folder, "b.png", b"good", seconds=2)
    watcher = make()
    rounds(watcher)
    assert [m.record.duplicate_of for m in journal.waiting("x", 9)] == [None, "a.png"]
    assert watcher.verdict_counts["duplicate"] == 1
    assert watcher.verdict_counts["OK"] == 2


def test_a_restart_knows_what_is_done(folder: Path, make: Make, examiner: Examiner):
    drop(folder, "a.png", b"good a")
    rounds(make())
    drop(folder, "b.png", b"good b")
    rounds(make())
    assert examiner.paths == ["a.png", "b.png"]


def test_a_stop_between_two_pictures_loses_none(
    folder: Path, make: Make, examiner: Examiner, journal: Journal
):
    for number in range(9):
        drop(folder, f"{number}.png", b"good%d" % number)
    stop = threading.Event()
    watcher = make(on_done=lambda _: stop.set())
    watcher.round(threading.Event())
    watcher.round(stop)
    assert len(journal.waiting("x", 99)) == 1
    rounds(make())
    assert {m.record.path for m in journal.waiting("x", 99)} == {f"{number}.png" for number in range(9)}
    assert len(journal.waiting("x", 99)) == 9


def test_what_cannot_be_taken_now_is_tried_again_and_not_reported(folder: Path, make: Make):
    answers = [LaterError(), LaterError(), Record(verdict="NG")]

    def busy(path: str, content: bytes, sha256: str) -> Record:
        answer = answers.pop(0)
        if isinstance(answer, LaterError):
            raise answer
        return answer

    drop(folder, "a.png", b"good")
    watcher = make(examine=busy, give_up=0.0)
    rounds(watcher, 4)
    assert watcher.verdict_counts == {"NG": 1, "duplicate": 0}


def test_a_folder_that_goes_away_and_comes_back_is_no_end(folder: Path, make: Make, examiner: Examiner):
    watcher = make()
    folder.rmdir()
    rounds(watcher, 1)
    assert str(watcher.trouble).endswith("in cannot be looked at (No such file or directory)")
    folder.mkdir()
    drop(folder, "a.png", b"good")
    rounds(watcher)
    assert watcher.trouble is None
    assert examiner.paths == ["a.png"]


def test_a_huge_file_is_reported_without_being_read(folder: Path, make: Make):
    drop(folder, "a.png", b"good")
    records: list[Record] = []
    rounds(make(give_up=0.0, max_bytes=3, on_done=records.append), 4)
    assert "4 bytes" in (records[0].error or "")
    assert records[0].sha256 is None


@settings(max_examples=30)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["a.png", "b.png", "c.png"]), st.sampled_from([b"good 1", b"good 2", b"go"])
        ),
        max_size=12,
    ),
    restarts=st.sets(st.integers(0, 11)),
)
def test_every_content_that_stood_still_under_a_name_has_exactly_one_record(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bytes]], restarts: set[int]
):
    """The law: over any writing and restarting, one record for each change of a name's settled content."""
    folder = tmp_path_factory.mktemp("in")
    journal = Journal(Path(":memory:"))
    expected: list[tuple[str, str]] = []
    last: dict[str, bytes] = {}

    def watcher() -> Watcher:
        return Watcher(
            folder,
            journal,
            Examiner(),
            sinks=["x"],
            limits=WatchLimits(interval_seconds=1e-9, give_up_seconds=1e9),
        )

    current = watcher()
    for number, (name, content) in enumerate(steps):
        drop(folder, name, content, seconds=number)
        if number in restarts:
            current = watcher()
        rounds(current)
        if content != b"go" and last.get(name) != content:
            expected.append((name, hashlib.sha256(content).hexdigest()))
            last[name] = content
    found = [(m.record.path, m.record.sha256) for m in journal.waiting("x", 99)]
    assert found == expected
    journal.close()
