"""A backup is made while a station works, and a station starts from it with all that it had."""

import dataclasses
import shutil
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from flawflow.cli import main
from flawflow.server.backup import backup as module
from flawflow.server.backup.backup import back_up
from flawflow.server.db import Filters
from flawflow.server.errors import StationError
from flawflow.server.inspection_service import Given
from flawflow.server.settings import Settings
from flawflow.server.station import Station


def inspect(station: Station, content: bytes, count: int = 1) -> list[str]:
    rows = station.inspection_service.inspect(
        station.registry.get(), [Given("a", content)] * count, source="upload"
    )
    return [row.key for row in rows]


def contents(settings: Settings) -> dict[str, bytes]:
    """Start a station and give the pictures of all that it knows."""
    station = Station.open(settings)
    try:
        rows = station.store.find(Filters(), limit=10_000)
        assert all(station.store.get_map(row.id) for row in rows)
        return {row.key: station.picture_path(row).read_bytes() for row in rows}
    finally:
        station.close()


def test_what_was_answered_before_it_is_in_it(settings: Settings, tmp_path: Path, make_png):
    station = Station.open(settings)
    target = tmp_path / "backup"
    acknowledged: list[str] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            acknowledged.extend(inspect(station, make_png()))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(4):
            reached = len(acknowledged) + 10
            while len(acknowledged) < reached:
                stop.wait(0.01)
            before = list(acknowledged)
            back_up(settings.data, target)
    finally:
        stop.set()
        worker.join()
        station.close()
    found = contents(dataclasses.replace(settings, data=target))
    assert set(before) <= set(found) <= set(acknowledged)
    assert set(found.values()) == {make_png()}


def test_it_holds_all_that_a_station_has(settings: Settings, tmp_path: Path, make_client, make_png):
    client = make_client(settings)
    target = tmp_path / "backup"
    (number,) = [
        found["id"]
        for found in client.post("/api/inspect", files={"files": ("a.png", make_png())}).json()["inspections"]
    ]
    client.put(f"/api/inspections/{number}/label", json={"label": "good"})
    client.put(
        f"/api/inspections/{number}/mask", content=make_png(255), headers={"content-type": "image/png"}
    )
    judged = client.post("/api/models/tiny/rates", json={"false_reject_rate": 0.5}).json()["calibration"]
    client.post("/api/datasets", json={"model": "tiny"})
    back_up(settings.data, target)
    client.__exit__(None, None, None)
    shutil.rmtree(settings.data)
    restored = make_client(dataclasses.replace(settings, data=target))
    assert restored.get(f"/api/inspections/{number}").json()["label"] == "good"
    for kind in ("picture", "map", "mask", "overlay"):
        assert restored.get(f"/api/inspections/{number}/{kind}").status_code == 200
    assert restored.get("/api/models/tiny").json()["calibration"] == judged
    assert restored.app.state.station.store.rates("tiny")[0] == 0.5
    assert len(restored.get("/api/datasets").json()) == 1


def test_again_it_copies_only_what_is_new(settings: Settings, tmp_path: Path, make_png):
    station = Station.open(settings)
    target = tmp_path / "backup"
    inspect(station, make_png(), 3)
    first = back_up(settings.data, target)
    station.image_store.keep_mask("ab12", b"one")
    inspect(station, make_png(), 2)
    second = back_up(settings.data, target)
    station.image_store.keep_mask("ab12", b"two")
    third = back_up(settings.data, target)
    station.close()
    assert (first.copied, first.same) == (3, 0)
    assert (second.copied, second.same) == (3, 3)
    assert (third.copied, third.same) == (1, 5)
    assert (target / "masks" / "ab" / "ab12.png").read_bytes() == b"two"
    assert len(contents(dataclasses.replace(settings, data=target))) == 5


def test_it_is_for_its_owner_alone(settings: Settings, tmp_path: Path):
    Station.open(settings).close()
    back_up(settings.data, tmp_path / "backup")
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "backup" / "station.db").stat().st_mode) == 0o600


def test_one_that_breaks_off_leaves_the_last_one_whole(settings, tmp_path, make_png, monkeypatch):
    station = Station.open(settings)
    target = tmp_path / "backup"
    inspect(station, make_png())
    back_up(settings.data, target)
    inspect(station, make_png())

    def break_off(_self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Copier, "copy", break_off)
    with pytest.raises(KeyboardInterrupt):
        back_up(settings.data, target)
    monkeypatch.undo()
    shutil.copytree(target, tmp_path / "restored")
    assert len(contents(dataclasses.replace(settings, data=tmp_path / "restored"))) == 1
    back_up(settings.data, target)
    station.close()
    assert len(contents(dataclasses.replace(settings, data=target))) == 2


def test_nothing_else_is_overwritten(settings: Settings, tmp_path: Path):
    Station.open(settings).close()
    other = dataclasses.replace(settings, data=tmp_path / "other")
    Station.open(other).close()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "file").touch()
    used = tmp_path / "used"
    back_up(settings.data, used)
    Station.open(dataclasses.replace(settings, data=used)).close()
    for target in (
        other.data,
        tmp_path / "full",
        tmp_path / "file",
        used,
        settings.data,
        settings.data / "x",
        tmp_path,
    ):
        with pytest.raises(StationError, match=str(target)):
            back_up(settings.data, target)
    with pytest.raises(StationError, match="give one with --data"):
        back_up(tmp_path / "nothing", tmp_path / "new")
    with pytest.raises(StationError, match="belong together"):
        back_up(settings.data, tmp_path / "new", database=other.database_url)
    assert not (tmp_path / "new").exists()


def test_the_command(settings: Settings, tmp_path: Path, make_png):
    station = Station.open(settings)
    inspect(station, make_png())
    station.close()
    arguments = ["backup", "--data", str(settings.data), str(tmp_path / "backup")]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 files (0 were there)" in result.stdout
    refused = CliRunner().invoke(main, ["backup", "--data", str(tmp_path / "none"), str(tmp_path / "b")])
    assert refused.exit_code == 2
    assert refused.stderr.startswith("flawflow: ")
    assert refused.stderr.count("\n") == 1


def test_postgresql(postgres: str, settings: Settings, tmp_path: Path, make_png: Callable[..., bytes]):
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        pytest.skip("PostgreSQL's client is not installed")
    settings = dataclasses.replace(settings, database=postgres)
    target = tmp_path / "backup"
    station = Station.open(settings)
    kept = inspect(station, make_png(), 2)
    done = back_up(settings.data, target, database=postgres)
    inspect(station, make_png())
    station.close()
    assert done.record == target / "station.dump"
    assert stat.S_IMODE(done.record.stat().st_mode) == 0o600
    shutil.rmtree(settings.data)
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    folder = postgres.partition("unix_sock=")[2].rpartition("/")[0]
    command = ["pg_restore", "--no-owner", "-h", folder, "-U", "flawflow", "-d", "postgres", done.record]
    subprocess.run(command, check=True, timeout=60)
    restored = dataclasses.replace(settings, data=target)
    assert set(contents(restored)) == set(kept)
    # And it goes on: ids that were used are not used again.
    station = Station.open(restored)
    inspect(station, make_png())
    assert len(station.store.find(Filters())) == 3
    station.close()
