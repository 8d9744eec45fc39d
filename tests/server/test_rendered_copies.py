import io

import pytest

from flawflow.server import rendered_copies as module
from flawflow.server.rendered_copies import RenderedCopies


@pytest.fixture
def copies(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MIN_FREE_BYTES", 0)
    return RenderedCopies(tmp_path / "views", most_bytes=100)


def content(file):
    with file:
        return file.read()


def has(copies, name):
    found = copies.find(name)
    return found is not None and len(content(found)) > 0


def held(copies):
    return sum(path.stat().st_size for path in copies._folder.glob("*/*"))


def test_what_was_made_is_found(copies):
    assert copies.find("a.160") is None
    assert content(copies.keep("a.160", b"one")) == b"one"
    assert content(copies.find("a.160")) == b"one"
    assert copies.find("b.160") is None


def test_the_room_is_bounded_and_what_is_asked_for_stays(copies):
    copies.keep("asked", bytes(10)).close()
    for number in range(50):
        copies.keep(f"{number}", bytes(9)).close()
        assert has(copies, "asked")
        assert held(copies) <= 100
    assert has(copies, "49")
    assert not has(copies, "0")


def test_what_is_too_large_is_not_kept(copies):
    assert content(copies.keep("a", bytes(60))) == bytes(60)
    assert copies.find("a") is None
    assert held(copies) == 0


def test_on_a_full_disk_nothing_is_kept_and_all_is_given(copies, monkeypatch):
    monkeypatch.setattr(module, "_MIN_FREE_BYTES", 1 << 60)
    assert content(copies.keep("a", b"one")) == b"one"
    assert copies.find("a") is None


def test_a_disk_that_refuses_is_no_fault_of_who_looks(copies, monkeypatch):
    monkeypatch.setattr(copies, "_new", copies._folder / "gone")
    assert content(copies.keep("a", b"one")) == b"one"


def test_what_is_dropped_is_gone(copies):
    for name in ("old", "new"):
        copies.keep(name, bytes(30)).close()
    copies.drop(["old", "new", "none"])
    assert (copies.find("old"), copies.find("new"), held(copies)) == (None, None, 0)


def test_a_new_start_reads_nothing_that_was_left(copies, tmp_path):
    copies.keep("a", b"half wr").close()
    assert RenderedCopies(tmp_path / "views", most_bytes=100).find("a") is None


def test_a_file_that_is_read_may_go(copies):
    file = copies.keep("a", bytes(range(30)))
    copies.drop(["a"])
    assert isinstance(file, io.BufferedReader)
    assert content(file) == bytes(range(30))
