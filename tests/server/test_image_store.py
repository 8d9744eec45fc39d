import errno
import os
from pathlib import Path

import pytest

from flawflow.server import image_store as shelf_module
from flawflow.server.errors import NotFoundError
from flawflow.server.image_store import ImageStore


def test_a_picture_is_kept_byte_for_byte(tmp_path):
    image_store = ImageStore(tmp_path)
    image_store.keep_picture("ab12", b"bytes")
    assert image_store.picture("ab12").read_bytes() == b"bytes"
    assert image_store.picture("ab12").suffix == ""
    image_store.drop_pictures(["ab12", "cd34"])
    with pytest.raises(NotFoundError):
        image_store.picture("ab12")


def test_masks_come_and_go(tmp_path):
    image_store = ImageStore(tmp_path)
    for content in (b"one", b"two"):
        image_store.keep_mask("ab12", content)
    assert image_store.mask("ab12").read_bytes() == b"two"
    image_store.drop_mask("ab12")
    image_store.drop_mask("ab12")
    with pytest.raises(NotFoundError):
        image_store.mask("ab12")


def test_pictures_without_a_record_are_set_aside_and_come_back_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "_KEYS_PER_QUERY", 2)
    image_store = ImageStore(tmp_path)
    for key in ("aa1", "aa2", "aa3", "bb1"):
        image_store.keep_picture(key, key.encode())

    def names(folder):
        return {path.name for path in tmp_path.glob(f"{folder}/*/*")}

    def kept(keys):
        return {key: True for key in keys if key in ("aa1", "aa3")}

    assert image_store.tidy(kept) == 2
    assert (names("pictures"), names("orphans")) == ({"aa1", "aa3"}, {"aa2", "bb1"})
    assert image_store.tidy(kept) == 0
    assert image_store.tidy(lambda keys: dict.fromkeys(keys, True)) == 0
    assert (names("pictures"), names("orphans")) == ({"aa1", "aa2", "aa3", "bb1"}, set())
    assert image_store.picture("bb1").read_bytes() == b"bb1"


def test_what_is_not_the_stations_is_left_alone(tmp_path):
    image_store = ImageStore(tmp_path)
    image_store.keep_picture("aa1", b"bytes")
    strange = [tmp_path / "pictures" / "Thumbs.db", tmp_path / "pictures" / "aa" / "\udcff"]
    for path in strange:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "pictures" / "aa" / "folder").mkdir()
    image_store.tidy(lambda keys: {key: True for key in keys if key.encode("ascii") == b"aa1"})
    assert all(path.exists() for path in strange)
    assert [path.name for path in tmp_path.glob("orphans/*/*")] == []


def test_what_its_record_gave_up_goes(tmp_path):
    image_store = ImageStore(tmp_path)
    image_store.keep_picture("aa1", b"bytes")
    assert image_store.tidy(lambda keys: dict.fromkeys(keys, False)) == 0
    assert not [path for path in tmp_path.glob("*/*/*") if path.is_file()]


def test_room_is_tried_and_given_back(tmp_path, monkeypatch):
    image_store, tried = ImageStore(tmp_path), []
    image_store.check()
    assert list(tmp_path.iterdir()) == []
    image_store.keep_picture("aa1", bytes(999_999))
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: tried.append(write(path, content)))
    image_store.check()
    assert 999_999 < tried[0] < 1_100_000
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]

    def full(path, content):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        image_store.check()
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_picture_is_on_the_disk_before_its_record_is_written(tmp_path, monkeypatch):
    image_store, flushed = ImageStore(tmp_path), []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(os.fstat(file)))
    image_store.keep_picture("ab12", b"bytes")
    (seen,) = flushed
    assert os.path.samestat(seen, image_store.picture("ab12").stat())
    assert seen.st_size == 5
