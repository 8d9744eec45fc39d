"""A station whose record is in PostgreSQL: alone there, and patient when the server restarts."""

import dataclasses
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from flawflow.errors import FlawflowError
from flawflow.server.db import Filters, Store, postgresql
from flawflow.server.errors import BusyError, StationError
from flawflow.server.settings import Settings
from flawflow.server.station import Station


@pytest.fixture
def settings(settings: Settings, postgres: str) -> Settings:
    return dataclasses.replace(settings, database=postgres)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_PATIENCE_SECONDS", 0.0)


def take_lock_from_its_station(url: str) -> None:
    """Cut the connection that holds the lock, as a firewall or an administrator does."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        holders = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        for pid in connection.scalars(text(holders)).all():
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    engine.dispose()


@pytest.mark.usefixtures("no_patience")
def test_two_stations_do_not_share_a_database(settings: Settings, tmp_path: Path):
    first = Station.open(settings)
    with pytest.raises(StationError, match="another station uses the database") as refused:
        Station.open(dataclasses.replace(settings, data=tmp_path / "other"))
    assert "--database" in str(refused.value)
    first.close()
    Station.open(settings).close()
    with pytest.raises(StationError, match="belongs to station"):
        Station.open(dataclasses.replace(settings, data=tmp_path / "other"))
    # Nobody holds the lock after a start that failed.
    Station.open(settings).close()


def test_a_start_that_fails_lets_the_database_go(settings: Settings, tmp_path: Path):
    for _ in range(2):
        with pytest.raises(FlawflowError, match="does not exist"):
            Station.open(dataclasses.replace(settings, models=(tmp_path / "gone.flaw",)))


@pytest.mark.usefixtures("no_patience")
def test_a_lost_lock_is_taken_again(postgres: str):
    store = Store(postgres)
    take_lock_from_its_station(postgres)
    store.set_rates("a", false_reject_rate=0.1, review_rate=0.2)
    with pytest.raises(BusyError, match="another station"):
        Store(postgres)
    store.close()


@pytest.mark.usefixtures("no_patience")
def test_who_lost_the_lock_to_another_station_writes_nothing(postgres: str):
    first = Store(postgres)
    take_lock_from_its_station(postgres)
    second = Store(postgres)
    for write in (first.check, lambda: first.set_rates("a", false_reject_rate=0.1, review_rate=0.2)):
        with pytest.raises(BusyError, match="another station"):
            write()
    assert first.find(Filters()) == []
    assert second.rates("a") is None
    second.close()
    first.set_rates("a", false_reject_rate=0.1, review_rate=0.2)
    assert first.rates("a") == (0.1, 0.2)
    first.close()


@pytest.mark.usefixtures("no_patience")
def test_who_has_let_go_writes_nothing_and_keeps_nobody_out(postgres: str):
    first = Store(postgres)
    first.close()
    with pytest.raises(BusyError, match="the station stops"):
        first.set_rates("a", false_reject_rate=0.1, review_rate=0.2)
    second = Store(postgres)
    assert second.rates("a") is None
    second.close()
    # The connection that was refused is still in the pool.
    first.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_is_waited_for(
    make_client: Callable[..., TestClient],
    settings: Settings,
    postgres_server: Any,
    make_png: Callable[..., bytes],
    mode: str,
):
    client = make_client(settings)

    def ask() -> list[Any]:
        pictures = {"files": ("a.png", make_png())}
        answers = [
            client.post("/api/inspect", files=pictures),
            client.get("/api/inspections"),
            client.get("/api/ready"),
            client.post("/api/models/tiny/rates", json={"false_reject_rate": 0.5}),
        ]
        for answer in answers:
            if answer.status_code != 200:
                assert answer.status_code == 503, answer.text
                assert "does not answer" in answer.json()["detail"]
                assert "@" not in answer.json()["detail"]
                assert int(answer.headers["retry-after"]) > 0
        return [answer.status_code for answer in answers]

    assert ask() == [200] * 4
    postgres_server.stop(mode)
    assert ask() == [503] * 4
    postgres_server.start()
    assert ask() == [200] * 4
    # Restarted between two requests: connections that wait in the pool are dead, and found so.
    postgres_server.stop(mode)
    postgres_server.start()
    assert ask() == [200] * 4
    assert client.get("/api/inspections").json()["counts"]["OK"] == 3


def test_the_record_of_a_station_that_was_killed_is_free_at_once(postgres: str):
    killed = Store(postgres)
    # The end of its process closes its connections, and does nothing else.
    lock = killed._database.lock
    assert lock is not None
    lock._connection.connection.driver_connection._usock.shutdown(socket.SHUT_RDWR)
    Store(postgres).close()
    killed.close()
