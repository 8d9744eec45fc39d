"""What the tests of sources share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient


@pytest.fixture
def found(client: TestClient) -> Callable[[], list[dict]]:
    """Give the inspections, the oldest first."""

    def run() -> list[dict]:
        return client.get("/api/inspections").json()["inspections"][::-1]

    return run


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Write a film of ten pictures a second that become brighter, losslessly."""
    av = pytest.importorskip("av", reason="the extra video is not installed")

    def write(path: Path, *, count: int = 20, codec: str = "ffv1") -> Path:
        with av.open(str(path), "w") as container:
            # MPEG-2 knows no ten pictures a second.
            stream = container.add_stream(codec, rate=25 if codec == "mpeg2video" else 10)
            stream.width, stream.height, stream.pix_fmt = (
                64,
                48,
                "yuvj420p" if codec == "mjpeg" else "yuv420p",
            )
            for number in range(count):
                pixels = np.full((48, 64, 3), 10 * number, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        return path

    return write
