import os
from pathlib import Path

import pytest

from flawflow.watch import scan as module
from flawflow.watch.scan import Seen, scan


def refuse(error: OSError) -> None:
    raise error


def paths(folder: Path, **options: Path) -> set[str]:
    return {Path(seen.path).as_posix() for seen in scan(folder, on_error=refuse, **options)}


def test_pictures_at_any_depth_but_nothing_hidden_and_no_other_files(tmp_path: Path):
    for name in ("a.png", "b/c/d.JPG", ".e.png", ".f/g.png", "h.txt", "i.png.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    assert paths(tmp_path) == {"a.png", "b/c/d.JPG"}


def test_thumbnails_of_network_storages_are_no_pictures(tmp_path: Path):
    for name in ("a.png", "@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", "#recycle/old.png", "._a.png", "b.jfif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert paths(tmp_path) == {"a.png", "b.jfif"}


def test_an_entry_that_cannot_be_looked_at_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(b"x")
    seen = module._seen

    def odd(entry: "os.DirEntry[str]", start: str) -> Seen:
        if entry.name == "b.png":
            raise OSError(5, "Input/output error", entry.path)
        return seen(entry, start)

    monkeypatch.setattr(module, "_seen", odd)
    errors: list[OSError] = []
    found = {seen.path for seen in scan(tmp_path, on_error=errors.append)}
    assert found == {"a.png", "c.png"}
    assert [error.errno for error in errors] == [5]


def test_links_lead_nowhere(tmp_path: Path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.png").write_bytes(b"x")
    (inside / "file.png").symlink_to(outside / "secret.png")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    assert paths(inside) == set()


def test_the_output_inside_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("a.png", "out/OK/a.png", "outer/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert paths(tmp_path, leave_out=Path("out")) == {"a.png", "outer/b.png"}


def test_size_and_time_are_given_and_the_oldest_sorts_first(tmp_path: Path):
    for name, seconds in (("a.png", 30), ("b.png", 10), ("c.png", 10)):
        (tmp_path / name).write_bytes(b"12345")
        os.utime(tmp_path / name, (seconds, seconds))
    found = sorted(scan(tmp_path, on_error=refuse))
    assert found[0] == Seen(10 * 10**9, "b.png", 5)
    assert [seen.path for seen in found] == ["b.png", "c.png", "a.png"]


def test_what_cannot_be_looked_at_is_said_and_the_rest_is_given(tmp_path: Path):
    said: list[OSError] = []
    assert list(scan(tmp_path / "gone", on_error=said.append)) == []
    assert isinstance(said[0], FileNotFoundError)
