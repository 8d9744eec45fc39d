import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flawflow.results.sinks.contract import RefusedError, Result
from flawflow.results.sinks.folder import VerdictFolders

Drop = Callable[..., Result]


@pytest.fixture
def drop(tmp_path: Path, result: Callable[..., Result]) -> Drop:
    """Write a picture into the folder and give its record."""

    def write(number: int, path: str, content: bytes, **changes: Any) -> Result:
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(content)
        return result(number, path=path, sha256=hashlib.sha256(content).hexdigest(), **changes)

    (tmp_path / "in").mkdir()
    return write


@pytest.fixture(params=["copy", "move"])
def placer(request: pytest.FixtureRequest, tmp_path: Path) -> VerdictFolders:
    (tmp_path / "in").mkdir(exist_ok=True)
    return VerdictFolders(tmp_path / "in", tmp_path / "out", request.param)


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_each_picture_is_in_the_folder_of_its_verdict(tmp_path: Path, drop: Drop, placer: VerdictFolders):
    placer.deliver([drop(1, "a.png", b"a")])
    placer.deliver([drop(2, "sub/b.png", b"b", verdict="NG")])
    placer.deliver([drop(3, "c.png", b"c", verdict=None)])
    placer.deliver([drop(4, "d.png", b"d", verdict="REVIEW")])
    assert tree(tmp_path / "out") == {
        "OK/a.png": b"a", "NG/sub/b.png": b"b", "UNREADABLE/c.png": b"c", "REVIEW/d.png": b"d",
    }  # fmt: skip
    assert len(tree(tmp_path / "in")) == (0 if placer._place == "move" else 4)


def test_nothing_is_replaced(tmp_path: Path, drop: Drop, placer: VerdictFolders):
    (tmp_path / "out" / "OK").mkdir(parents=True)
    (tmp_path / "out" / "OK" / "a.png").write_bytes(b"of yesterday")
    record = drop(7, "a.png", b"of today")
    placer.deliver([record])
    placer.deliver([record])
    assert tree(tmp_path / "out") == {"OK/a.png": b"of yesterday", "OK/a_7.png": b"of today"}


def test_delivered_again_changes_nothing(tmp_path: Path, drop: Drop, placer: VerdictFolders):
    record = drop(1, "a.png", b"a")
    placer.deliver([record])
    placer.deliver([record])
    assert tree(tmp_path / "out") == {"OK/a.png": b"a"}


def test_a_move_that_was_cut_short_is_finished(tmp_path: Path, drop: Drop):
    record = drop(1, "a.png", b"a")
    VerdictFolders(tmp_path / "in", tmp_path / "out", "copy").deliver([record])
    VerdictFolders(tmp_path / "in", tmp_path / "out", "move").deliver([record])
    assert tree(tmp_path / "in") == {}
    assert tree(tmp_path / "out") == {"OK/a.png": b"a"}


def test_another_picture_never_takes_the_verdict(tmp_path: Path, drop: Drop, placer: VerdictFolders):
    record = drop(1, "a.png", b"judged")
    (tmp_path / "in" / "a.png").write_bytes(b"written later")
    with pytest.raises(RefusedError, match="changed or taken away"):
        placer.deliver([record])
    (tmp_path / "in" / "a.png").unlink()
    with pytest.raises(RefusedError, match="changed or taken away"):
        placer.deliver([record])
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize("way", ["truncate", "append", "rename", "held open"])
def test_a_placed_picture_stays_the_judged_one_whatever_the_writer_does(
    way: str, tmp_path: Path, drop: Drop, placer: VerdictFolders
):
    record = drop(1, "latest.png", b"judged")
    source = tmp_path / "in" / "latest.png"
    with source.open("ab") as held:
        placer.deliver([record])
        if way == "held open":
            held.write(b"later")
    if way == "rename":
        (tmp_path / "in" / "new").write_bytes(b"later")
        (tmp_path / "in" / "new").replace(source)
    elif way != "held open":
        with source.open("wb" if way == "truncate" else "ab") as stream:
            stream.write(b"later")
    assert tree(tmp_path / "out") == {"OK/latest.png": b"judged"}


def test_a_kernel_that_does_not_copy_is_no_hindrance(
    tmp_path: Path, drop: Drop, monkeypatch: pytest.MonkeyPatch
):
    def no_copy(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.copy_file_range", no_copy)
    VerdictFolders(tmp_path / "in", tmp_path / "out", "move").deliver([drop(1, "a.png", b"a")])
    assert tree(tmp_path / "out") == {"OK/a.png": b"a"}
    assert tree(tmp_path / "in") == {}


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "ü" * 124 + "x.png", os.fsdecode(b"St\xfcck.png")])
def test_every_name_that_the_disk_takes_is_placed(
    name: str, tmp_path: Path, drop: Drop, placer: VerdictFolders
):
    placer.deliver([drop(1, name, b"one")])
    placer.deliver([drop(2, name, b"two")])
    placer.deliver([drop(3, name, b"three")])
    assert sorted(tree(tmp_path / "out").values()) == [b"one", b"three", b"two"]
    assert f"OK/{name}" in tree(tmp_path / "out")


@pytest.mark.parametrize("blocked", ["file for a folder", "folder for a file"])
def test_what_is_wrong_with_a_name_sets_that_record_aside(
    blocked: str, tmp_path: Path, drop: Drop, placer: VerdictFolders
):
    (tmp_path / "out" / "OK").mkdir(parents=True)
    if blocked == "file for a folder":
        (tmp_path / "out" / "OK" / "sub").write_bytes(b"in the way")
    else:
        (tmp_path / "out" / "OK" / "sub" / "a.png").mkdir(parents=True)
    with pytest.raises(RefusedError, match="cannot be placed"):
        placer.deliver([drop(1, "sub/a.png", b"a")])
    placer.deliver([drop(2, "b.png", b"b")])
    assert tree(tmp_path / "out")["OK/b.png"] == b"b"


def test_what_could_not_even_be_read_is_not_placed(tmp_path: Path, result: Any, placer: VerdictFolders):
    placer.deliver([result(1, sha256=None, verdict=None)])
    assert tree(tmp_path / "in") == {}
    assert not (tmp_path / "out" / "UNREADABLE").exists()
