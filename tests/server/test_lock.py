import pytest

from flawflow.server.errors import StationError
from flawflow.server.lock import FolderLock


def test_a_folder_has_one_station(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(StationError, match="another station"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()
