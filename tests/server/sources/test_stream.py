import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.server.settings import Settings
from flawflow.server.sources import stream as module
from flawflow.server.sources.frames import StreamError, shots

pytest.importorskip("av", reason="the extra video is not installed")

Wait = Callable[[Callable[[], bool]], None]
Found = Callable[[], list[dict]]
Film = Callable[..., Path]


def start(client: TestClient, address: str, **options: float) -> dict:
    answer = client.post("/api/sources", json={"kind": "stream", "address": address, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def only(client: TestClient) -> dict:
    answer = client.get("/api/sources")
    assert answer.status_code == 200, answer.text
    (source,) = answer.json()
    return source


def test_a_film_is_inspected_by_its_own_clock_and_then_over(
    client: TestClient, settings: Settings, wait: Wait, found: Found, film: Film
):
    film(settings.allow[0] / "film.mkv")
    start(client, "film.mkv", interval=0.5)
    wait(lambda: not only(client)["running"])
    assert [each["name"] for each in found()] == [f"film.mkv {s:.3f} s" for s in (0.0, 0.5, 1.0, 1.5)]
    levels = [each["score"] for each in found()]
    assert levels == pytest.approx([0, 50 / 255, 100 / 255, 150 / 255], abs=0.02)
    assert only(client)["error"] is None
    assert only(client)["seen"] == 4


def test_a_film_goes_on_after_a_restart(
    *, make_client: Callable[..., TestClient], client: TestClient, settings: Settings, wait: Wait,
    found: Found, film: Film, monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    film(settings.allow[0] / "film.mkv")
    inspect = module.StreamRunner._inspect
    gate = threading.Semaphore(2)

    def gated(self: module.StreamRunner, *arguments: object) -> bool:
        return gate.acquire(timeout=0.05) and inspect(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module.StreamRunner, "_inspect", gated)
    start(client, "film.mkv", interval=0.5)
    wait(lambda: only(client)["seen"] == 2)
    client.__exit__(None, None, None)
    monkeypatch.undo()
    again = make_client(settings)
    wait(lambda: not only(again)["running"])
    names = [each["name"] for each in again.get("/api/inspections").json()["inspections"]]
    assert sorted(names) == [f"film.mkv {s:.3f} s" for s in (0.0, 0.5, 1.0, 1.5)]


@pytest.fixture
def server(tmp_path: Path, serve: Callable[[ThreadingHTTPServer], None]) -> str:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    (tmp_path / "www").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "www"))
    serve(server)
    return f"http://127.0.0.1:{server.server_port}"


def test_a_live_stream_is_inspected_and_connected_to_again(
    *, client: TestClient, server: str, tmp_path: Path, wait: Wait, found: Found, film: Film,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.01)
    film(tmp_path / "www" / "live.avi", codec="mjpeg")
    start(client, f"{server}/live.avi", interval=0.05)
    # Each connection gives at least its last picture; the next ones come of connecting again.
    wait(lambda: len(found()) >= 3)
    assert found()[0]["source"] == f"stream:{server}/live.avi"
    assert only(client)["running"]


def test_a_stream_that_is_not_there_is_said_and_tried_again(client: TestClient, server: str, wait: Wait):
    start(client, f"{server}/missing.avi")
    wait(lambda: "trying again" in (only(client)["error"] or ""))
    assert only(client)["running"]


def test_a_playlist_opens_no_other_file(
    client: TestClient, settings: Settings, wait: Wait, found: Found, film: Film
):
    film(settings.allow[0] / "secret.mkv")
    (settings.allow[0] / "list.mkv").write_text("ffconcat version 1.0\nfile secret.mkv\n")
    start(client, "list.mkv")
    wait(lambda: not only(client)["running"])
    assert "list.mkv" in only(client)["error"]
    assert found() == []


def test_a_stream_over_http_opens_no_file_of_this_computer(tmp_path: Path, server: str, film: Film):
    film(tmp_path / "secret.ts", codec="mpeg2video")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n"
    (tmp_path / "www" / "live.m3u8").write_text(playlist)
    with pytest.raises(StreamError):
        next(shots(f"{server}/live.m3u8", max_pixels=10_000))


def test_pictures_that_are_too_large_are_not_decoded(tmp_path: Path, server: str, film: Film):
    film(tmp_path / "www" / "live.avi", codec="mjpeg")
    assert next(shots(f"{server}/live.avi", max_pixels=10_000))().shape == (48, 64, 3)
    with pytest.raises(StreamError):
        next(shots(f"{server}/live.avi", max_pixels=1000))
