"""Aravis' simulated camera; skipped where Aravis is not installed (Debian: gir1.2-aravis-0.8, python3-gi)."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flawflow.server.sources import genicam
from flawflow.server.sources.frames import Latest, NoReaderError, StreamError, require_reader, shots
from flawflow.server.sources.source import checked_address, is_camera, is_file, is_network

# PyGObject imports in Python's former way.
pytestmark = pytest.mark.filterwarnings("ignore:DynamicImporter:ImportWarning")

SIDE = 512


@pytest.fixture
def aravis() -> Any:
    gi = pytest.importorskip("gi", reason="PyGObject is not installed")
    try:
        gi.require_version("Aravis", "0.8")
    except ValueError:
        pytest.skip("Aravis is not installed")
    from gi.repository import Aravis

    Aravis.enable_interface("Fake")
    return Aravis


@pytest.fixture
def sending(aravis: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the simulated camera send another format; each opening makes it anew."""

    def change(kind: str) -> None:
        make = aravis.Camera.new

        def opened(name: str) -> Any:
            camera = make(name)
            camera.set_pixel_format_from_string(kind)
            return camera

        monkeypatch.setattr(aravis.Camera, "new", opened)

    return change


@pytest.mark.parametrize("kind", ["Mono8", "RGB8", "BayerRG8", "BayerGR8", "BayerGB8", "BayerBG8"])
def test_pictures_come_in_every_format(sending: Callable[[str], None], kind: str):
    if kind.startswith("Bayer"):
        pytest.importorskip("av", reason="PyAV is not installed")
    sending(kind)
    first, second = (shot() for shot in itertools.islice(shots("genicam:Fake_1", max_pixels=SIDE**2), 2))
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    # Its picture moves.
    assert (first != second).any()
    assert (first[..., 0] == first[..., 2]).all() == (kind == "Mono8")


@pytest.mark.parametrize(
    ("kind", "name", "pixels", "why"),
    [
        ("Mono16", "Fake_1", SIDE**2, "it sends Mono16: set its PixelFormat to Mono8"),
        ("Mono8", "Fake_1", SIDE**2 - 1, "512 × 512 pixels"),
        ("Mono8", "192.168.1.9", SIDE**2, "no camera of this name is found; there are: Fake_1"),
    ],
)
def test_what_cannot_be_used_says_why(
    sending: Callable[[str], None], kind: str, name: str, pixels: int, why: str
):
    sending(kind)
    with pytest.raises(StreamError, match=why):
        next(shots(f"genicam:{name}", max_pixels=pixels))


def test_a_source_takes_the_newest_and_lets_the_camera_go(aravis: Any):
    for _ in range(2):
        latest = Latest("genicam:Fake_1", max_pixels=SIDE**2)
        shot = latest.take(20)
        assert shot is not None
        assert shot().shape == (SIDE, SIDE, 3)
        latest.close()


@pytest.mark.usefixtures("aravis")
def test_a_station_inspects_what_it_sends(client: Any):
    asked = {"kind": "stream", "address": "genicam:Fake_1", "interval": 0.05}
    assert client.post("/api/sources", json=asked).status_code == 200
    end = time.monotonic() + 30
    while not (found := client.get("/api/inspections").json()["inspections"]) and time.monotonic() < end:
        time.sleep(0.05)
    assert found[0]["source"] == "stream:genicam:Fake_1"
    assert (found[0]["width"], found[0]["height"]) == (SIDE, SIDE)


@pytest.mark.parametrize(
    ("kind", "channels"), [("RGB8", (10, 20, 30)), ("BGR8", (30, 20, 10)), ("Mono8", (10, 10, 10))]
)
def test_colours_are_in_order(kind: str, channels: tuple[int, int, int]):
    content = bytes([10] if kind == "Mono8" else [10, 20, 30]) * 6
    pixels = genicam._pixels(content + b"padding", (2, 3), kind)
    assert pixels.shape == (2, 3, 3)
    assert (pixels == channels).all()


@pytest.mark.parametrize(
    ("kind", "red_at"),
    [("BayerRG8", (0, 0)), ("BayerGR8", (0, 1)), ("BayerGB8", (1, 0)), ("BayerBG8", (1, 1))],
)
def test_mosaics_are_read_by_their_order(kind: str, red_at: tuple[int, int]):
    pytest.importorskip("av", reason="PyAV is not installed")
    levels = np.zeros((16, 16), np.uint8)
    levels[red_at[0] :: 2, red_at[1] :: 2] = 200
    inner = genicam._pixels(levels.tobytes(), (16, 16), kind)[4:-4, 4:-4]
    assert (inner[..., 0] == 200).all()
    assert (inner[..., 1:] == 0).all()


def test_an_address_is_a_name_and_never_a_place(settings):
    for address in ("genicam:Basler-1", "genicam:rtsp://camera"):
        assert is_camera(address)
        assert not is_network(address)
        assert not is_file(address)
    assert checked_address("stream", "genicam:Basler-1", settings) == "genicam:Basler-1"
    assert not is_camera("genicam:")


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(genicam.importlib, "import_module", absent)
    with pytest.raises(NoReaderError, match="apt-get install"):
        require_reader("genicam:Fake_1")
