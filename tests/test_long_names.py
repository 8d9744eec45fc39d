"""Every name that the disk takes can be written, and has what belongs to it beside it."""

import os
from pathlib import Path

import pytest

from flawflow.storage.files import beside, write_whole

NAMES = ["m" * 250 + ".flaw", "ü" * 125 + ".flaw", os.fsdecode(b"\xfc" * 250) + ".flaw"]


@pytest.mark.parametrize("name", NAMES)
def test_the_longest_names_are_written_whole(name: str, tmp_path: Path):
    write_whole(tmp_path / name, "content")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_lies_beside_has_a_name_that_the_disk_takes(name: str, tmp_path: Path):
    folder = beside(tmp_path / name, ".training")
    folder.mkdir()
    assert folder.name.endswith(".training")
    assert folder != beside(tmp_path / f"n{name[1:]}", ".training")
    assert folder == beside(tmp_path / name, ".training")
