"""Streams over a real connection of this computer, by the protocols that network cameras speak."""

import contextlib
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from flawflow.server.sources import stream as module
from flawflow.server.sources.frames import StreamError, shots

pytest.importorskip("av", reason="the extra video is not installed")

from .camera import Camera

LEVELS = [level for level in (16, 60, 120, 180, 235) for _ in range(10)]

Wait = Callable[[Callable[[], bool]], None]
Found = Callable[[], list[dict]]


def address(scheme: str, port: int) -> str:
    return f"{scheme}://127.0.0.1:{port}/live{'.ts' if scheme == 'http' else ''}"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_every_picture_of_a_stream_arrives(scheme: str):
    camera, seen = Camera(LEVELS), []
    # FFmpeg may call the end of a stream without an announced length an error; it is the end in any case.
    with camera.running() as port, contextlib.suppress(StreamError):
        seen.extend(shot().mean() for shot in shots(address(scheme, port), max_pixels=10_000))
    # The last one may lack what would begin the next, by which a decoder knows that it is whole.
    assert len(seen) >= len(LEVELS) - 1
    assert seen == pytest.approx(LEVELS[: len(seen)], abs=3)
    # Over UDP a lost packet would be a grey stripe, which would be judged as a defect.
    assert camera.transports == (["TCP"] if scheme == "rtsp" else [])


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_stream_that_ends_is_connected_to_again(
    *, scheme: str, client: TestClient, wait: Wait, found: Found, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.01)
    camera = Camera(LEVELS)
    with camera.running() as port:
        sent = {"kind": "stream", "address": address(scheme, port), "interval": 0.05}
        assert client.post("/api/sources", json=sent).status_code == 200
        wait(lambda: camera.connections >= 3 and len(found()) >= 3)
        assert found()[-1]["source"] == f"stream:{address(scheme, port)}"
        client.delete("/api/sources/1")


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_camera_that_is_switched_off_and_on_goes_on(
    *, scheme: str, client: TestClient, wait: Wait, found: Found, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.01)

    def error() -> str:
        return client.get("/api/sources").json()[0]["error"] or ""

    with Camera([60], endless=True).running() as port:
        sent = {"kind": "stream", "address": address(scheme, port), "interval": 0.05}
        assert client.post("/api/sources", json=sent).status_code == 200
        wait(lambda: len(found()) >= 2)
        assert error() == ""
    wait(lambda: "trying again" in error())
    before = len(found())
    with Camera([180], port=port, endless=True).running():
        wait(lambda: len(found()) > before + 1)
        wait(lambda: error() == "")
        client.delete("/api/sources/1")
    scores = [each["score"] for each in found()]
    assert scores[0] == pytest.approx(60 / 255, abs=0.02)
    assert scores[-1] == pytest.approx(180 / 255, abs=0.02)
