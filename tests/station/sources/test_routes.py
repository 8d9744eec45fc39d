import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.station.settings import Settings
from flawflow.station.sources import frames


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


def test_a_source_whose_folder_is_gone_is_said_and_others_work(
    make_client: Callable[..., TestClient], client: TestClient, settings: Settings
):
    for name in ("one", "two"):
        (settings.allow[0] / name).mkdir()
        assert client.post("/api/sources", json={"kind": "folder", "address": name}).status_code == 200
    client.__exit__(None, None, None)
    (settings.allow[0] / "one").rmdir()
    one, two = make_client(settings).get("/api/sources").json()
    assert (one["running"], two["running"]) == (False, True)
    assert "may read" in one["error"]
