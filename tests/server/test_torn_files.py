"""What a power cut tore is named in one sentence, and what is whole goes on."""

import json
import logging
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.server.errors import StationError
from flawflow.server.settings import Settings
from flawflow.server.station import Station

TORN = ["", "{", "[]", "null", "\x00" * 40, '{"id": 1}', '{"version": 1, "pictures": [{}]}', "\udcff"]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def named(caplog: pytest.LogCaptureFixture, path: Path) -> list[str]:
    return [each.message for each in caplog.records if str(path) in each.message]


@pytest.mark.parametrize("text", TORN)
def test_a_job(make_client: Callable[..., TestClient], settings: Settings, caplog, text: str):
    path = settings.data / "jobs" / "7" / "job.json"
    write(path, text)
    client = make_client(settings)
    assert client.get("/api/jobs").json() == []
    (said,) = named(caplog, path)
    assert "is damaged" in said
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("text", TORN)
def test_a_data_set(client: TestClient, settings: Settings, inspect, make_png, caplog, text: str):
    number = inspect(make_png())["id"]
    client.put(f"/api/inspections/{number}/label", json={"label": "good"})
    path = settings.data / "datasets" / "1" / "dataset.json"
    write(path, text)
    assert client.get("/api/datasets").json() == []
    assert named(caplog, path)
    # A new one has a number of its own, and the old folder stays.
    assert client.post("/api/datasets", json={"model": "tiny"}).json()["version"] == 2
    assert path.exists()
    answer = client.post("/api/jobs", json={"model": "tiny", "dataset": 1})
    assert (answer.status_code, str(path) in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize("text", TORN[:2] + TORN[3:])
def test_the_sources(make_client: Callable[..., TestClient], settings: Settings, caplog, text: str):
    path = settings.data / "sources" / "sources.json"
    write(path, text)
    client = make_client(settings)
    assert client.get("/api/sources").json() == []
    assert len(named(caplog, path)) == 1
    line = settings.allow[0] / "line"
    line.mkdir()
    assert client.post("/api/sources", json={"kind": "folder", "address": "line"}).status_code == 200
    aside = path.with_name("sources.json.damaged")
    assert aside.read_bytes() == text.encode("utf-8", "surrogateescape")
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


def test_one_source_of_several(make_client: Callable[..., TestClient], settings: Settings, caplog):
    line = settings.allow[0] / "line"
    line.mkdir()
    whole = {"id": 2, "kind": "folder", "address": str(line), "model": "tiny"}
    write(settings.data / "sources" / "sources.json", json.dumps([{"id": 1}, whole, {**whole, "new": 1}]))
    client = make_client(settings)
    (source,) = client.get("/api/sources").json()
    assert (source["id"], source["running"]) == (2, True)
    assert len(named(caplog, settings.data)) == 1


@pytest.mark.parametrize("kind", ["no database", "a torn page", "cut off"])
def test_the_record(settings: Settings, make_png, caplog, kind: str):
    Station.open(settings).close()
    path = settings.data / "station.db"
    whole = path.read_bytes()
    torn = {
        "no database": b"\xff" * len(whole),
        "a torn page": whole[:100] + b"\xa5" * 4000 + whole[4100:],
        "cut off": whole[: len(whole) // 2],
    }[kind]
    path.write_bytes(torn)
    with pytest.raises(StationError) as refused:
        Station.open(settings)
    assert f"{path} is damaged" in str(refused.value)
    assert "restore a backup" in str(refused.value)
    assert path.read_bytes() == torn
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
