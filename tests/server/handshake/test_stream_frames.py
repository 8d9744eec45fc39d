"""Which image of a stream a trigger takes."""

import contextlib
import io
import time

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from PIL import Image

from flawflow.server.handshake import stream_frames as module
from flawflow.server.handshake.frames import NoFrameError, SourceError
from flawflow.server.handshake.stream_frames import StreamFrames

from ..sources.camera import Camera


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/live.ts"


@pytest.mark.parametrize("take", ["next", "newest"])
def test_triggers_take_images_of_a_live_stream(take, wait) -> None:
    camera = Camera([60] * 25, endless=True)
    with camera.running() as port:
        frames = StreamFrames(address(port), take=take, max_pixels=10_000)
        names = []
        for _ in range(3):
            since = time.monotonic()
            frame = frames.take(since, since + 10, lambda: True)
            pixels = np.asarray(Image.open(io.BytesIO(frame.content)))
            assert pixels.shape == (48, 64, 3)
            assert abs(int(pixels.mean()) - 60) < 4
            names.append(frame.name)
        assert len(set(names)) == 3
        frames.close()
    assert camera.connections == 1
    assert not frames.refuse(frame)


def test_a_next_image_is_not_one_from_before(wait, monkeypatch) -> None:
    monkeypatch.setattr(module, "NEWEST_SECONDS", 60.0)
    camera = Camera([60] * 25)
    with camera.running() as port:
        for take in ("newest", "next"):
            frames = StreamFrames(address(port), take=take, max_pixels=10_000)
            # The stream has ended, and is not opened again so soon.
            wait(lambda: frames._held is not None and bool(frames.error))  # noqa: B023
            since = time.monotonic()
            with contextlib.nullcontext() if take == "newest" else pytest.raises((SourceError, NoFrameError)):
                frames.take(since, since + 0.1, lambda: True)
            frames.close()


def test_a_camera_that_is_away_is_told() -> None:
    with Camera([60]).running() as port:
        pass
    frames = StreamFrames(address(port), take="next", max_pixels=10_000)
    since = time.monotonic()
    with pytest.raises(SourceError, match="opened"):
        frames.take(since, since + 0.3, lambda: True)
    with pytest.raises(NoFrameError, match="given up"):
        frames.take(since, since + 60, lambda: False)
    frames.close()
