import pytest

from flawflow.errors import FlawflowError
from flawflow.server.lock import station_lock


def test_a_folder_has_one_station(tmp_path):
    lock = station_lock(tmp_path)
    with pytest.raises(FlawflowError, match="another station"):
        station_lock(tmp_path)
    lock.release()
    station_lock(tmp_path).release()
