import os
import time

import pytest

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


def test_orphans_go_when_they_are_old(tmp_path):
    shelf = Shelf(tmp_path)
    for key in ("aa1", "aa2", "aa3"):
        shelf.keep_picture(key, b"bytes")
    long_ago = time.time() - 7200
    for key in ("aa1", "aa2"):
        os.utime(shelf.picture(key), (long_ago, long_ago))
    assert shelf.drop_orphans({"aa1"}) == 1
    assert {path.name for path in tmp_path.glob("pictures/*/*")} == {"aa1", "aa3"}
