import os
import stat
from pathlib import Path

import pytest

from flawflow.server.folder import make_private
from flawflow.server.settings import Settings
from flawflow.server.station import Station


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [None, 0o755, 0o750, 0o777])
def test_the_data_folder_and_the_record_are_for_the_stations_user_alone(
    settings: Settings, before: int | None
):
    if before is not None:
        # As older versions left it.
        settings.data.mkdir()
        settings.data.chmod(before)
        (settings.data / "station.db").touch()
        (settings.data / "station.db").chmod(0o644)
    station = Station.open(settings)
    try:
        assert mode(settings.data) == 0o700
        found = sorted(path.name for path in settings.data.glob("station.db*"))
        assert "station.db-wal" in found
        assert {name: mode(settings.data / name) for name in found} == dict.fromkeys(found, 0o600)
    finally:
        station.close()


def test_a_record_elsewhere_is_as_private(settings: Settings, tmp_path: Path):
    elsewhere = tmp_path / "record.db"
    Station.open(Settings(**{**vars(settings), "database": f"sqlite:///{elsewhere}"})).close()
    assert mode(elsewhere) == 0o600


def test_a_folder_that_is_open_by_intent_stays_so_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    make_private(shared)
    assert mode(shared) == 0o1777
    assert str(shared) in caplog.text


def test_the_folders_above_are_as_the_umask_says(tmp_path: Path):
    make_private(tmp_path / "new" / "station")
    trial = tmp_path / "trial"
    os.mkdir(trial)  # noqa: PTH102
    assert mode(tmp_path / "new") == mode(trial)
    assert mode(tmp_path / "new" / "station") == 0o700
