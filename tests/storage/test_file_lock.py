import pytest

from flawflow.storage.file_lock import FileLock, LockedError


def test_one_process_holds_it(tmp_path):
    path = tmp_path / "one.lock"
    lock = FileLock(path, "taken")
    with pytest.raises(LockedError, match="taken"):
        FileLock(path, "taken")
    lock.release()
    with FileLock(path, "taken"), pytest.raises(LockedError):
        FileLock(path, "taken")
    FileLock(path, "taken").release()
