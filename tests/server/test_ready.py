"""Ready is who can record, and what cannot be recorded is refused with the reason and a time to come back."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.server import app
from flawflow.server.db import probe, sqlite
from flawflow.server.settings import Settings


@pytest.fixture
def client(
    make_client: Callable[..., TestClient], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> TestClient:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(probe, "_PATIENCE_SECONDS", 0.1)
    return make_client(settings)


@pytest.fixture
def send(client: TestClient, make_png: Callable[..., bytes]) -> Callable[[], tuple[int, str]]:
    """Send a picture and ask whether the station is ready; both say the same."""

    def run() -> tuple[int, str]:
        ready = client.get("/api/ready")
        sent = client.post("/api/inspect", files={"files": ("a.png", make_png())})
        assert ready.status_code == sent.status_code, (ready.text, sent.text)
        if sent.status_code == 503:
            assert ready.json() == sent.json()
            assert int(ready.headers["retry-after"]) > 0
            assert int(sent.headers["retry-after"]) > 0
        return sent.status_code, sent.json().get("detail", "")

    return run


def test_a_locked_record(send, settings):
    path = settings.data / "station.db"
    assert send() == (200, "")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, said = send()
        assert (status, str(path) in said, "held by another program" in said) == (503, True, True)
        other.execute("ROLLBACK")
    assert send() == (200, "")


def break_in_two(path: Path) -> None:
    """Overwrite everything but what SQLite calls the header."""
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        file.seek(100)
        file.write(b"\xa5" * (size - 100))


def test_a_damaged_record(client, settings, make_png):
    path = settings.data / "station.db"
    station = client.app.state.station
    client.post("/api/inspect", files={"files": ("a.png", make_png())})
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    station.store._engine.dispose()
    break_in_two(path)
    for answer in (
        client.get("/api/ready"),
        client.get("/api/inspections"),
        client.get("/api/inspections/1"),
        client.post("/api/inspect", files={"files": ("a.png", make_png())}),
    ):
        said = answer.json()["detail"]
        assert (answer.status_code, str(path) in said, "is damaged" in said) == (503, True, True)
    assert client.get("/api/health").status_code == 200


def test_an_inspection_counts_only_where_its_table_can_be_written(send, client):
    with closing(sqlite3.connect(client.app.state.station.settings.data / "station.db")) as other:
        other.execute("ALTER TABLE maps RENAME TO elsewhere")
    status, said = send()
    assert (status, "no such table" in said) == (503, True)


def test_asking_leaves_nothing_behind(client, inspect, make_png):
    for _ in range(3):
        assert client.get("/api/ready").status_code == 200
    assert inspect(make_png())["id"] == 1
    assert client.get("/api/ready").status_code == 200
    assert inspect(make_png())["id"] == 2
    assert len(client.get("/api/inspections").json()["inspections"]) == 2


def test_room_for_pictures_is_not_asked_where_none_are_kept(make_client, settings, monkeypatch, make_png):
    client = make_client(Settings(**{**vars(settings), "keep_pictures": "none", "data": settings.data / "x"}))

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(client.app.state.station.image_store, "check", full)
    assert client.get("/api/ready").status_code == 200


def test_the_log_says_once_what_many_are_told(send, settings, caplog, monkeypatch):
    monkeypatch.setattr(app, "_QUIET_SECONDS", 1e9)
    with closing(sqlite3.connect(settings.data / "station.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            assert send()[0] == 503
    assert sum("held by another program" in each.message for each in caplog.records) == 1
