import json
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import WatchError
from flawflow.results.record import RECORD_VERSION, Record
from flawflow.watch.journal import Journal, Known
from flawflow.watch.scan import Seen

A = Seen(5, "a.png", 3)


def test_a_file_is_known_after_it_is_finished_and_over_a_restart(tmp_path: Path):
    first = Journal(tmp_path / "new" / "j.sqlite")
    assert first.known(["a.png"]) == {}
    first.finish(A, sha256="s", record=Record(path="a.png"), sinks=["x"])
    name = first.name
    first.close()
    again = Journal(tmp_path / "new" / "j.sqlite")
    assert again.known(["a.png", "b.png"]) == {"a.png": Known(3, 5, "s")}
    assert again.name == name
    assert [m.record for m in again.waiting("x", 9)] == [Record(journal=name, id=1, path="a.png")]
    again.close()


def test_records_are_numbered_and_leave_when_delivered(journal: Journal):
    for _ in range(3):
        journal.finish(A, sha256="s", record=Record(path="a.png"), sinks=["x", "y"])
    assert [result.record.id for result in journal.waiting("x", 2)] == [1, 2]
    journal.delivered("x", journal.waiting("x", 2))
    assert [result.record.id for result in journal.waiting("x", 9)] == [3]
    assert journal.backlog() == {"x": 1, "y": 3}


def test_a_refused_record_waits_aside_until_it_is_offered_again(journal: Journal):
    journal.finish(A, sha256="s", record=Record(path="a.png"), sinks=["x"])
    journal.refused("x", journal.waiting("x", 1)[0], "no")
    assert journal.waiting("x", 1) == []
    assert journal.backlog() == {"x": 1}
    journal.offer_again()
    assert len(journal.waiting("x", 1)) == 1


def test_known_content_under_another_name_is_found(journal: Journal):
    journal.finish(A, sha256="s")
    assert journal.other_with("s", "b.png") == "a.png"
    assert journal.other_with("s", "a.png") is None
    assert journal.other_with("t", "b.png") is None
    # Whichever name comes first in the alphabet.
    assert journal.other_with("s", "0.png") == "a.png"
    journal.finish(Seen(5, "c.png", 3), sha256="s")
    assert journal.other_with("s", "a.png") == "c.png"
    assert journal.other_with("s", "b.png") == "a.png"


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_text_are_kept_and_shown_readable(journal: Journal):
    name = os.fsdecode(b"\xff\n.png")
    journal.finish(Seen(5, name, 3), sha256="s", record=Record(path=name), sinks=["x"])
    assert set(journal.known([name])) == {name}
    result = journal.waiting("x", 1)[0]
    assert result.file == name
    assert result.record.path == "\\udcff\n.png"


def test_what_an_earlier_flawflow_left_in_the_outbox_is_delivered(tmp_path: Path):
    """Its records had no version, fewer keys, and the path as the file system spells it."""
    name = os.fsdecode(b"St\xfcck.png")
    old = {
        "journal": "j", "id": 7, "time": "2026-11-22T10:00:00.000+00:00", "path": name, "score": 0.5,
        "p_value": 0.1, "verdict": "NG", "width": 32, "height": 24, "error": None, "sha256": "s",
        "regions": [{"box": {"left": 1, "top": 2, "right": 3, "bottom": 4}, "area": 4, "peak": 0.5,
                     "centroid": {"x": 1.5, "y": 2.5}}],
        "timings_ms": {"read": 1.0, "prepare": 2.0, "infer": 3.0, "judge": 4.0}, "duplicate_of": None,
        "model": "part.flaw", "model_sha256": "m",
    }  # fmt: skip
    Journal(tmp_path / "j.sqlite").close()
    with sqlite3.connect(tmp_path / "j.sqlite") as db:
        db.execute("INSERT INTO outbox VALUES ('x', 7, ?, NULL)", (json.dumps(old),))
    db.close()
    journal = Journal(tmp_path / "j.sqlite")
    (result,) = journal.waiting("x", 9)
    assert result.file == name
    told = result.record.to_dict()
    assert {key: told[key] for key in old if key != "path"} == {k: v for k, v in old.items() if k != "path"}
    assert told["path"] == "St\\udcfcck.png"
    assert told["record_version"] == RECORD_VERSION
    journal.close()


def test_nothing_is_finished_without_its_record(journal: Journal):
    with pytest.raises(ValueError, match="JSON"):
        journal.finish(A, sha256="s", record=Record(score=float("nan")), sinks=["x"])
    assert journal.known(["a.png"]) == {}
    journal.finish(A, sha256="s", record=Record(), sinks=["x"])
    assert journal.waiting("x", 1)[0].record.id == 1


def test_a_second_process_is_refused(tmp_path: Path, journal: Journal):
    with pytest.raises(WatchError, match="in use"):
        Journal(tmp_path / "journal.sqlite")


def test_a_foreign_file_is_refused_and_kept(tmp_path: Path):
    foreign = tmp_path / "foreign.sqlite"
    foreign.write_bytes(b"my diary " * 99)
    with pytest.raises(WatchError, match="cannot serve as a journal"):
        Journal(foreign)
    assert foreign.read_bytes() == b"my diary " * 99


def test_a_newer_journal_is_refused(tmp_path: Path):
    path = tmp_path / "newer.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(WatchError, match="version 99"):
        Journal(path)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=20), st.data())
def test_every_record_waits_until_its_own_sink_has_it(names: list[str], data: st.DataObject):
    """The law of the outbox: whatever is delivered when, each record has arrived or waits, in order."""
    journal = Journal(Path(":memory:"))
    got: dict[str, list[int]] = {"x": [], "y": []}
    for name in names:
        journal.finish(Seen(1, name, 1), sha256=name, record=Record(path=name), sinks=["x", "y"])
        for sink in data.draw(st.sets(st.sampled_from("xy"))):
            messages = journal.waiting(sink, data.draw(st.integers(1, 5)))
            journal.delivered(sink, messages)
            got[sink] += [result.record.id for result in messages]
    for sink, ids in got.items():
        left = [result.record.id for result in journal.waiting(sink, 99)]
        assert ids + left == list(range(1, len(names) + 1))
    journal.close()


def test_a_closed_journal_has_let_its_file_go(journal: Journal):
    journal.close()
    with pytest.raises(WatchError, match="closed database"):
        journal.backlog()
