import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flawflow.storage.files import SECRET_MODE, signature, whole_file, write_whole


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


UNDER_A_MASK = """
import os, sys
from pathlib import Path
from flawflow.storage.files import write_whole
os.umask(int(sys.argv[1], 8))
os.umask = None  # whoever calls it from here on fails
write_whole(Path(sys.argv[2]), "result")
"""


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o002])
def test_a_result_is_for_whom_the_umask_says_and_the_umask_is_left_alone(tmp_path: Path, umask: int):
    path = tmp_path / "result"
    subprocess.run([sys.executable, "-c", UNDER_A_MASK, oct(umask), path], check=True, timeout=60)
    assert mode(path) == 0o666 & ~umask


def test_a_secret_is_for_its_owner_from_the_first_byte(tmp_path: Path):
    path = tmp_path / "secret"
    path.write_text("old, and open to all")
    path.chmod(0o644)
    with whole_file(path, mode=SECRET_MODE) as scratch:
        assert mode(scratch) == SECRET_MODE
        scratch.write_text("new")
        assert mode(scratch) == SECRET_MODE
    assert (mode(path), path.read_text()) == (SECRET_MODE, "new")


def test_a_file_is_whole_or_as_it_was(tmp_path: Path):
    path = tmp_path / "result"
    write_whole(path, "old")

    def break_off() -> None:
        with whole_file(path) as scratch:
            scratch.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["result"]


def test_a_result_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "result"
    path.write_text("old")
    flushed = []

    def flush(file: int) -> None:
        flushed.append((os.fstat(file).st_size, path.read_text()))

    monkeypatch.setattr(os, "fsync", flush)
    write_whole(path, "new one")
    assert flushed == [(7, "old")]


def test_a_signature_changes_when_a_file_is_replaced(tmp_path):
    path = tmp_path / "a"
    assert signature(path) is None
    write_whole(path, "a")
    first = signature(path)
    assert signature(path) == first
    write_whole(path, "a")
    assert signature(path) != first
