import errno
import os
from pathlib import Path

import pytest

from flawflow.server import image_store as shelf_module
from flawflow.server.errors import NotFoundError
from flawflow.server.image_store import Shelf


def test_a_picture_is_kept_byte_for_byte(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.keep_picture("ab12", b"bytes")
    assert shelf.picture("ab12").read_bytes() == b"bytes"
    assert shelf.picture("ab12").suffix == ""
    shelf.drop_pictures(["ab12", "cd34"])
    with pytest.raises(NotFoundError):
        shelf.picture("ab12")


def test_masks_come_and_go(tmp_path):
    shelf = Shelf(tmp_path)
    for content in (b"one", b"two"):
        shelf.keep_mask("ab12", content)
    assert shelf.mask("ab12").read_bytes() == b"two"
    shelf.drop_mask("ab12")
    shelf.drop_mask("ab12")
    with pytest.raises(NotFoundError):
        shelf.mask("ab12")


def test_pictures_without_a_record_are_set_aside_and_come_back_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "_CHUNK", 2)
    shelf = Shelf(tmp_path)
    for key in ("aa1", "aa2", "aa3", "bb1"):
        shelf.keep_picture(key, key.encode())

    def names(folder):
        return {path.name for path in tmp_path.glob(f"{folder}/*/*")}

    def kept(keys):
        return {key: True for key in keys if key in ("aa1", "aa3")}

    assert shelf.tidy(kept) == 2
    assert (names("pictures"), names("orphans")) == ({"aa1", "aa3"}, {"aa2", "bb1"})
    assert shelf.tidy(kept) == 0
    assert shelf.tidy(lambda keys: dict.fromkeys(keys, True)) == 0
    assert (names("pictures"), names("orphans")) == ({"aa1", "aa2", "aa3", "bb1"}, set())
    assert shelf.picture("bb1").read_bytes() == b"bb1"


def test_what_is_not_the_stations_is_left_alone(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.keep_picture("aa1", b"bytes")
    strange = [tmp_path / "pictures" / "Thumbs.db", tmp_path / "pictures" / "aa" / "\udcff"]
    for path in strange:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "pictures" / "aa" / "folder").mkdir()
    shelf.tidy(lambda keys: {key: True for key in keys if key.encode("ascii") == b"aa1"})
    assert all(path.exists() for path in strange)
    assert [path.name for path in tmp_path.glob("orphans/*/*")] == []


def test_what_its_record_gave_up_goes(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.keep_picture("aa1", b"bytes")
    assert shelf.tidy(lambda keys: dict.fromkeys(keys, False)) == 0
    assert not [path for path in tmp_path.glob("*/*/*") if path.is_file()]


def test_room_is_tried_and_given_back(tmp_path, monkeypatch):
    shelf, tried = Shelf(tmp_path), []
    shelf.check()
    assert list(tmp_path.iterdir()) == []
    shelf.keep_picture("aa1", bytes(999_999))
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: tried.append(write(path, content)))
    shelf.check()
    assert 999_999 < tried[0] < 1_100_000
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]

    def full(path, content):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        shelf.check()
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_picture_is_on_the_disk_before_its_record_is_written(tmp_path, monkeypatch):
    shelf, flushed = Shelf(tmp_path), []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(os.fstat(file)))
    shelf.keep_picture("ab12", b"bytes")
    (seen,) = flushed
    assert os.path.samestat(seen, shelf.picture("ab12").stat())
    assert seen.st_size == 5
