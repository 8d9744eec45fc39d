"""Pictures of a camera or a stream as they are now, through PyAV (the extra `video`) or Aravis."""

import functools
import importlib.util
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flawflow.server.errors import StationError
from flawflow.server.sources.source import GENICAM, is_camera, is_genicam

Shot = Callable[[], NDArray[np.uint8]]
"""Gives a picture, uint8 (H, W, 3); what is not asked for is not converted."""

# To connect, and between two packets.
_PATIENCE_SECONDS = 10.0

_NETWORK = "rtsp,rtp,srtp,udp,tcp,tls,http,https"
# Formats that are one stream. Lists of others' addresses (HLS, DASH, concat) would lead to any host.
_FORMATS = (
    "rtsp,sdp,rtp,mpegts,mpegtsraw,mpjpeg,mjpeg,jpeg_pipe,png_pipe,flv,mov,matroska,asf,avi,h264,hevc,mpeg"
)


class StreamError(StationError):
    """A camera or stream that gives no pictures (any more)."""


class NoReaderError(StationError):
    """What reads a camera or stream is not installed."""

    status = 501


def require_reader(address: str) -> None:
    """Say what is missing for a camera, stream or video file.

    Raises:
        NoReaderError: PyAV, or what reads GenICam, is not installed.
    """
    if is_genicam(address):
        from flawflow.server.sources.genicam import require_genicam

        require_genicam()
    elif importlib.util.find_spec("av") is None:
        raise NoReaderError("cameras, streams and video files need PyAV: pip install 'flawflow[video]'")


def shots(address: str, *, max_pixels: int) -> Iterator[Shot]:
    """Give the pictures of a camera or stream, as they come, until it ends.

    Args:
        address: A checked one; see `flawflow.server.sources.source.checked_address`.
        max_pixels: Larger pictures are not decoded.

    Raises:
        StreamError: It cannot be opened, or breaks off.
    """
    if is_genicam(address):
        from flawflow.server.sources.genicam import genicam_shots

        yield from genicam_shots(address.removeprefix(GENICAM), max_pixels=max_pixels)
        return
    import av

    try:
        with _opened(av, address) as container:
            if not container.streams.video:
                raise StreamError("there is no video in it")
            stream = container.streams.video[0]
            stream.codec_context.options = {"max_pixels": str(max_pixels)}
            for frame in container.decode(stream):
                yield functools.partial(frame.to_ndarray, format="rgb24")
    except (av.FFmpegError, OSError) as error:
        # Its own text names the address, with the password that may be in it.
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise StreamError(f"it cannot be opened or broke off ({reason})") from None


def _opened(av: Any, address: str) -> Any:
    timeout = (_PATIENCE_SECONDS, _PATIENCE_SECONDS)
    if is_camera(address):
        return av.open(address, format="v4l2", timeout=timeout)
    options = {"protocol_whitelist": _NETWORK, "format_whitelist": _FORMATS}
    if address.startswith("http"):
        # An allowed host must not lead to another.
        options["max_redirects"] = "0"
    if address.startswith("rtsp"):
        # Over UDP a lost packet is a grey stripe, which would be judged as a defect.
        options["rtsp_transport"] = "tcp"
    return av.open(address, options=options, timeout=timeout)


class Latest:
    """Reads pictures as fast as they come and keeps the newest.

    A stream that is read more slowly than it comes would be seen later and later.
    """

    def __init__(self, address: str, *, max_pixels: int) -> None:
        """Begin to read."""
        self._news = threading.Condition()
        self._shot: Shot | None = None
        self._error: StreamError | None = None
        self._is_over = False
        # A daemon: it may wait for a packet that never comes.
        threading.Thread(
            target=self._read, args=(address, max_pixels), name="flawflow-stream", daemon=True
        ).start()

    def take(self, timeout: float) -> Shot | None:
        """Give the newest picture that was not given yet; None where none came within `timeout` seconds.

        Raises:
            StreamError: The stream broke off, or is over.
        """
        with self._news:
            self._news.wait_for(lambda: self._shot is not None or self._error is not None, timeout)
            shot, self._shot = self._shot, None
            if shot is None and self._error is not None:
                raise self._error
            return shot

    def close(self) -> None:
        """Stop reading at the next picture."""
        self._is_over = True

    def _read(self, address: str, max_pixels: int) -> None:
        error = StreamError("the stream is over")
        try:
            for shot in shots(address, max_pixels=max_pixels):
                with self._news:
                    self._shot = shot
                    self._news.notify()
                if self._is_over:
                    return
        except StreamError as found:
            error = found
        except Exception as found:  # A decoder's own: whoever waits must be told.
            error = StreamError(f"it cannot be decoded ({type(found).__name__})")
        with self._news:
            self._error = error
            self._news.notify()
