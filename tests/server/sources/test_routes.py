import dataclasses
import json
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from flawflow.errors import FlawflowError
from flawflow.server.settings import Settings
from flawflow.server.sources import folder, frames, sources, stream
from flawflow.server.station import Station
from flawflow.watch.watcher import Watcher

Wait = Callable[[Callable[[], bool]], None]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("folder", "/etc"),
        ("folder", "../data"),
        ("folder", "missing"),
        ("folder", "file.png"),
        ("stream", "/etc/passwd"),
        ("stream", "/dev/video0/../mem"),
        ("stream", "/dev/mem"),
        ("stream", "file:///etc/passwd"),
        ("stream", "concat://a|b"),
        ("stream", "http://"),
        ("stream", "gopher://host/"),
        ("stream", "rtsp://127.0.0.2/x"),
        ("stream", "line"),
    ],
)
def test_nothing_outside_is_opened(client: TestClient, settings: Settings, kind: str, address: str):
    (settings.allow[0] / "file.png").write_bytes(b"x")
    (settings.allow[0] / "line").mkdir()
    answer = client.post("/api/sources", json={"kind": kind, "address": address})
    assert answer.status_code == 403, answer.text
    assert client.get("/api/sources").json() == []


def test_a_link_out_of_the_folder_leads_nowhere(client: TestClient, settings: Settings, tmp_path: Path):
    (tmp_path / "secret").mkdir()
    (settings.allow[0] / "link").symlink_to(tmp_path / "secret")
    assert client.post("/api/sources", json={"kind": "folder", "address": "link"}).status_code == 403


def test_one_source_a_folder_and_a_model_that_is_there(client: TestClient, settings: Settings):
    (settings.allow[0] / "line").mkdir()
    body = {"kind": "folder", "address": "line"}
    assert client.post("/api/sources", json={**body, "model": "other"}).status_code == 404
    assert client.post("/api/sources", json=body).status_code == 200
    assert client.post("/api/sources", json=body).status_code == 409
    assert client.post("/api/sources", json={**body, "interval": 0}).status_code == 422


def test_without_pyav_a_stream_says_what_to_install(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    answer = client.post("/api/sources", json={"kind": "stream", "address": "rtsp://127.0.0.1/x"})
    assert answer.status_code == 501
    assert "flawflow[video]" in answer.json()["detail"]


def test_a_password_is_used_and_not_shown(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("av", reason="the extra video is not installed")
    monkeypatch.setattr(frames, "_PATIENCE_SECONDS", 0.1)
    address = "rtsp://user:pa%40ss@127.0.0.1:9/cam?channel=1&pwd=hunter2"
    body = {"kind": "stream", "address": address}
    shown = client.post("/api/sources", json=body).json()
    assert shown["address"] == "rtsp://127.0.0.1:9/cam?channel=1&pwd=***"
    for again in (body, {"kind": "folder", "address": address}):
        refused = client.post("/api/sources", json=again)
        assert refused.status_code in (403, 409)
        assert not any(secret in refused.text for secret in ("hunter2", "pa%40ss"))
    kept = settings.data / "sources" / "sources.json"
    assert json.loads(kept.read_text())[0]["address"] == address
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_source_whose_folder_is_missing_at_the_start_comes_alive_with_it(
    *, make_client: Callable[..., TestClient], client: TestClient, settings: Settings, wait: Wait,
    make_png: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """A share that is mounted late."""
    monkeypatch.setattr(sources, "_RESTART_SECONDS", 0.01)
    for name in ("one", "two"):
        (settings.allow[0] / name).mkdir()
        body = {"kind": "folder", "address": name, "interval": 0.05}
        assert client.post("/api/sources", json=body).status_code == 200
    client.__exit__(None, None, None)
    (settings.allow[0] / "one").rename(settings.allow[0].parent / "away")
    again = make_client(settings)
    wait(lambda: again.get("/api/sources").json()[0]["error"] is not None)
    one, two = again.get("/api/sources").json()
    assert "gone or not mounted" in one["error"]
    assert (two["running"], two["error"]) == (True, None)
    (settings.allow[0].parent / "away" / "a.png").write_bytes(make_png())
    (settings.allow[0].parent / "away").rename(settings.allow[0] / "one")
    wait(lambda: len(again.get("/api/inspections").json()["inspections"]) == 1)
    wait(lambda: again.get("/api/sources").json()[0]["error"] is None)


def test_a_film_that_is_missing_at_the_start_is_inspected_when_it_comes(
    *, make_client: Callable[..., TestClient], client: TestClient, settings: Settings, wait: Wait,
    film: Callable[..., Path], monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr(sources, "_RESTART_SECONDS", 0.01)
    settings.data.joinpath("sources").mkdir(exist_ok=True)
    client.__exit__(None, None, None)
    address = str(settings.allow[0] / "film.mkv")
    kept = [
        {"id": 1, "kind": "stream", "address": address, "model": "tiny", "interval": 0.5, "position": 1.0}
    ]
    (settings.data / "sources" / "sources.json").write_text(json.dumps(kept))
    again = make_client(settings)
    wait(lambda: again.get("/api/sources").json()[0]["error"] is not None)
    film(settings.data.parent / "film.mkv").rename(address)
    wait(lambda: not again.get("/api/sources").json()[0]["running"])
    names = [each["name"] for each in again.get("/api/inspections").json()["inspections"]]
    assert names == ["film.mkv 1.500 s", "film.mkv 1.000 s"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("rtsp://127.0.0.2/x?password=secret", "--allow-stream 127.0.0.2"),
        ("gopher://127.0.0.1/x", "a stream's address begins with"),
    ],
)
def test_a_stream_that_is_not_allowed_any_more_is_not_opened(
    *, make_client: Callable[..., TestClient], client: TestClient, settings: Settings, wait: Wait,
    monkeypatch: pytest.MonkeyPatch, address: str, said: str,
):  # fmt: skip
    pytest.importorskip("av", reason="the extra video is not installed")
    monkeypatch.setattr(stream, "Latest", lambda *_, **__: pytest.fail("it was opened"))
    client.__exit__(None, None, None)
    settings.data.joinpath("sources").mkdir(exist_ok=True)
    kept = [{"id": 1, "kind": "stream", "address": address, "model": "tiny"}]
    (settings.data / "sources" / "sources.json").write_text(json.dumps(kept))
    again = make_client(settings)
    wait(lambda: said in (again.get("/api/sources").json()[0]["error"] or ""))
    assert "secret" not in again.get("/api/sources").text


def test_a_missing_allowed_folder_does_not_stop_the_start(
    *, make_client: Callable[..., TestClient], settings: Settings, wait: Wait, make_png: Callable[..., bytes]
):
    share = settings.data.parent / "share"
    client = make_client(dataclasses.replace(settings, allow=(*settings.allow, share)))
    body = {"kind": "folder", "address": str(share / "line"), "interval": 0.05}
    assert client.post("/api/sources", json=body).status_code == 403
    (share / "line").mkdir(parents=True)
    (share / "line" / "a.png").write_bytes(make_png())
    assert client.post("/api/inspect", json={"paths": ["line/a.png"]}).status_code == 200
    assert client.post("/api/sources", json=body).status_code == 200
    wait(lambda: len(client.get("/api/inspections").json()["inspections"]) == 2)


@pytest.mark.parametrize("replaced", ["line", "."])
def test_a_link_in_the_place_of_a_watched_folder_leads_nowhere(
    *, client: TestClient, settings: Settings, wait: Wait, make_png: Callable[..., bytes], replaced: str,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr(sources, "_RESTART_SECONDS", 0.01)
    folder, secret = settings.allow[0] / "line", settings.data.parent / "secret"
    (secret / "line").mkdir(parents=True)
    for place in (secret, secret / "line"):
        (place / "secret.png").write_bytes(make_png())
    folder.mkdir()
    (folder / "a.png").write_bytes(make_png())
    body = {"kind": "folder", "address": "line", "interval": 0.05}
    assert client.post("/api/sources", json=body).status_code == 200

    def names() -> list[str]:
        return [each["name"] for each in client.get("/api/inspections").json()["inspections"]]

    wait(lambda: names() == ["a.png"])
    place, before = (settings.allow[0] / replaced).resolve(), settings.data.parent / "before"
    place.rename(before)
    place.symlink_to(secret)
    wait(lambda: "may read" in (client.get("/api/sources").json()[0]["error"] or ""))
    # Back in its place it goes on, and nothing is inspected twice.
    place.unlink()
    before.rename(place)
    (folder / "b.png").write_bytes(make_png(30))
    wait(lambda: names() == ["b.png", "a.png"])
    wait(lambda: client.get("/api/sources").json()[0]["error"] is None)


def test_a_source_that_fails_is_tried_again(
    *, client: TestClient, settings: Settings, wait: Wait, make_png: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr(sources, "_RESTART_SECONDS", 0.01)
    failures: list[Exception] = [FlawflowError("the journal is locked"), ValueError("odd"), OSError("gone")]
    round_ = Watcher.round

    def sometimes(self: Watcher, stop: threading.Event) -> float:
        if failures:
            raise failures.pop()
        return round_(self, stop)

    monkeypatch.setattr(Watcher, "round", sometimes)
    (settings.allow[0] / "line").mkdir()
    (settings.allow[0] / "line" / "a.png").write_bytes(make_png())
    body = {"kind": "folder", "address": "line", "interval": 0.05}
    assert client.post("/api/sources", json=body).status_code == 200
    wait(lambda: len(client.get("/api/inspections").json()["inspections"]) == 1)
    assert failures == []


def test_a_station_has_so_many_sources_and_room_again_when_one_goes(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sources, "_MAX_SOURCES", 2)

    def add(name: str) -> int:
        (settings.allow[0] / name).mkdir(exist_ok=True)
        return client.post("/api/sources", json={"kind": "folder", "address": name}).status_code

    assert [add(name) for name in "abc"] == [200, 200, 409]
    client.delete(f"/api/sources/{client.get('/api/sources').json()[0]['id']}").raise_for_status()
    assert add("c") == 200


def test_a_source_tells_what_it_brought_and_since_when_it_is_gone(
    *, client: TestClient, settings: Settings, station: Station, wait: Wait, make_png: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr(sources, "_RESTART_SECONDS", 0.01)
    monkeypatch.setattr(folder, "GIVE_UP_SECONDS", 0.0)
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(station.events, "publish", told.append)

    def newest() -> dict[str, Any]:
        states = [event["sources"] for event in told if event["type"] == "sources" and event["sources"]]
        return states[-1][0] if states else {}

    line = settings.allow[0] / "line"
    line.mkdir()
    (line / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    client.post("/api/sources", json={"kind": "folder", "address": "line", "interval": 0.05})
    wait(lambda: (newest().get("error") or "").startswith("broken.png"))
    assert newest()["latest"] is None
    # One picture that is whole ends the alarm of one that was not.
    (line / "a.png").write_bytes(make_png())
    wait(lambda: newest()["latest"] is not None and newest()["error"] is None)
    (inspection,) = client.get("/api/inspections").json()["inspections"]
    assert newest()["label"] == inspection["source"]
    line.rename(line.with_name("away"))
    wait(lambda: "gone or not mounted" in (newest()["error"] or ""))
    since = datetime.fromisoformat(newest()["since"])
    assert datetime.fromisoformat(newest()["latest"]) <= since <= datetime.now(UTC)
    client.delete(f"/api/sources/{newest()['id']}")
    wait(lambda: told[-1] == {"type": "sources", "sources": []})
