"""Pictures of industrial cameras (GigE Vision, USB3 Vision) by GenICam, through Aravis and PyGObject.

Neither is on PyPI as a wheel: Debian has them as gir1.2-aravis-0.8 and python3-gi.
"""

import contextlib
import functools
import importlib
import importlib.util
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flawflow.server.sources.frames import NoReaderError, Shot, StreamError

_VERSION = "0.8"
_BUFFERS = 4
_PATIENCE_MICROSECONDS = 10_000_000

_PLAIN = {"Mono8": 1, "RGB8": 3, "BGR8": 3}
_BAYER = {
    "BayerRG8": "bayer_rggb8",
    "BayerGR8": "bayer_grbg8",
    "BayerGB8": "bayer_gbrg8",
    "BayerBG8": "bayer_bggr8",
}
# Looking for cameras closes and opens what all cameras share.
_looking = threading.Lock()


def require_genicam() -> None:
    """Say what is missing for GenICam.

    Raises:
        NoReaderError: Aravis or PyGObject is not installed.
    """
    _aravis()


def genicam_shots(name: str, *, max_pixels: int) -> Iterator[Shot]:
    """Give the pictures of a camera as they come; its own settings hold.

    Args:
        name: The camera's; one that is found in the network or at a port, and no address.
        max_pixels: Larger pictures are refused.

    Raises:
        StreamError: It is not there, breaks off, or gives pictures that cannot be used.
    """
    aravis = _aravis()
    errors = importlib.import_module("gi.repository.GLib").Error
    try:
        with _streaming(aravis, name, max_pixels) as (stream, kind):
            while True:
                buffer = stream.timeout_pop_buffer(_PATIENCE_MICROSECONDS)
                if buffer is None:
                    raise StreamError("it sends no picture: is it triggered?")
                # Of a picture with lost packets nothing is judged.
                if buffer.get_status() == aravis.BufferStatus.SUCCESS:
                    shape = buffer.get_image_height(), buffer.get_image_width()
                    yield functools.partial(_pixels, buffer.get_image_data(), shape, kind)
                stream.push_buffer(buffer)
    except errors as error:
        raise StreamError(f"it cannot be opened or broke off ({error.message})") from None


@contextlib.contextmanager
def _streaming(aravis: Any, name: str, max_pixels: int) -> Iterator[tuple[Any, str]]:
    with _looking:
        aravis.update_device_list()
        known = [aravis.get_device_id(index) for index in range(aravis.get_n_devices())]
        if name not in known:
            raise StreamError(f"no camera of this name is found; there are: {', '.join(known) or 'none'}")
        camera = aravis.Camera.new(name)
    kind = camera.get_pixel_format_as_string().removesuffix("Packed")
    _check(kind, camera.get_region(), max_pixels)
    stream = camera.create_stream(None, None)
    for _ in range(_BUFFERS):
        stream.push_buffer(aravis.Buffer.new_allocate(camera.get_payload()))
    camera.start_acquisition()
    try:
        yield stream, kind
    finally:
        # A camera that is gone cannot be told.
        with contextlib.suppress(Exception):
            camera.stop_acquisition()


def _check(kind: str, region: Any, max_pixels: int) -> None:
    if kind not in _PLAIN and kind not in _BAYER:
        raise StreamError(f"it sends {kind}: set its PixelFormat to {', '.join((*_PLAIN, *_BAYER))}")
    if kind in _BAYER and importlib.util.find_spec("av") is None:
        raise StreamError(f"it sends {kind}, which takes PyAV: pip install 'flawflow[video]'")
    if region.width * region.height > max_pixels:
        raise StreamError(
            f"its pictures have {region.width} × {region.height} pixels, more than --max-pixels"
        )


def _pixels(content: bytes, shape: tuple[int, int], kind: str) -> NDArray[np.uint8]:
    """Make RGB, uint8 (H, W, 3), of what a camera sends."""
    height, width = shape
    channels = _PLAIN.get(kind, 1)
    levels = np.frombuffer(content, np.uint8, count=height * width * channels)
    levels = levels.reshape(height, width, channels)
    if kind in _BAYER:
        video_frame = importlib.import_module("av").VideoFrame
        frame = video_frame.from_ndarray(np.ascontiguousarray(levels[..., 0]), format=_BAYER[kind])
        pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
        return pixels
    if channels == 1:
        return np.repeat(levels, 3, axis=2)
    return np.ascontiguousarray(levels[..., ::-1] if kind == "BGR8" else levels)


def _aravis() -> Any:
    try:
        importlib.import_module("gi").require_version("Aravis", _VERSION)
        return importlib.import_module("gi.repository.Aravis")
    except (ImportError, ValueError):
        raise NoReaderError(
            "GenICam cameras need Aravis and PyGObject: apt-get install gir1.2-aravis-0.8 python3-gi, for a "
            "Python that sees the system's packages"
        ) from None
