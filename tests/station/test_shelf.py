import pytest

from flawflow.station import shelf as shelf_module
from flawflow.station.errors import NotFoundError
from flawflow.station.shelf import Shelf


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


def test_pictures_without_a_record_go(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "_CHUNK", 2)
    shelf = Shelf(tmp_path)
    for key in ("aa1", "aa2", "aa3", "bb1"):
        shelf.keep_picture(key, b"bytes")
    shelf.drop_orphans(lambda keys: {"aa1", "aa3"} & set(keys))
    assert {path.name for path in tmp_path.glob("pictures/*/*")} == {"aa1", "aa3"}
