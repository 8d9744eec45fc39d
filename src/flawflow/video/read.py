"""A video file → its frames as uint8 RGB, one by one, through PyAV."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import perf_counter

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from flawflow.errors import ImageError
from flawflow.images import max_pixels_allowed
from flawflow.images.guard import check_size

# Only containers of one file, and only this file: a playlist in a video's clothes would make the
# demuxer open other files, or addresses on the network.
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "asf,avi,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mpeg,mpegts",
}
_DEFAULT_RATE = Fraction(25)
# So much may be missing from the promised length before a file counts as cut short: headers round.
_SLACK_SECONDS = 0.25
_SLACK_FRAMES = 2


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        index: Its number among the frames that could be read, from 0.
        seconds: Its time since the first frame, by the file's time stamps.
        picture: uint8 (H, W, 3), RGB, contiguous, turned as the file says that it shall be shown.
        decoding: What reading and decoding it took, in seconds.
    """

    index: int
    seconds: float
    picture: NDArray[np.uint8]
    decoding: float


class Video:
    """An open video; see `open_video`.

    Attributes:
        path: The file.
        rate: Frames a second, as the file says.
        frame_count: How many frames to expect; 0 where the file does not say.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self.path = path
        self._container = container
        self._stream = stream
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or _DEFAULT_RATE)
        self._promised = _promised_seconds(container, stream, self.rate)
        self.frame_count = stream.frames or round(self._promised * self.rate)

    def frames(self) -> Iterator[Frame]:
        """Give the frames in their order, decoded when they are asked for; to be called once.

        Damaged parts are left out and the frames after them still given; problems are reported at the end.

        Raises:
            ImageError: After all whole frames: the file is damaged, ends too early, or changes its size.
        """
        self._damaged = 0
        first = size = None
        count, seconds, before = 0, 0.0, perf_counter()
        for decoded in self._decoded():
            first = decoded.time if first is None else first
            # Frames without a time stamp follow each other at the file's rate.
            known = decoded.time is not None and first is not None
            seconds = decoded.time - first if known else float(count / self.rate)
            picture = _picture(decoded)
            size = size or picture.shape
            if picture.shape != size:
                raise ImageError(
                    f"{self.path} changes its size after {count} frames: split it there into two videos."
                )
            yield Frame(count, seconds, picture, perf_counter() - before)
            count, before = count + 1, perf_counter()
        self._check_end(count, seconds)

    def _decoded(self) -> Iterator[VideoFrame]:
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    self._damaged += 1
                    continue
                for frame in frames:
                    if frame.is_corrupt:
                        self._damaged += 1
                    else:
                        yield frame
        except av.FFmpegError:
            # The container itself ends in the middle of something.
            self._damaged += 1

    def _check_end(self, count: int, seconds: float) -> None:
        if count == 0:
            raise ImageError(f"{self.path} has no frame that can be read: record or copy it again.")
        shown = seconds + float(1 / self.rate)
        slack = max(_SLACK_SECONDS, float(_SLACK_FRAMES / self.rate))
        if shown < self._promised - slack:
            raise ImageError(
                f"{self.path} is cut short: it ends after {shown:.1f} of {self._promised:.1f} seconds, of "
                f"which {count} frames could be read; record or copy it again."
            )
        if self._damaged:
            raise ImageError(
                f"{self.path} is damaged: {count} whole frames could be read, and {self._damaged} parts "
                "were left out; record or copy it again."
            )


@contextmanager
def open_video(path: Path, *, max_pixels: int | None = None) -> Iterator[Video]:
    """Open a video to read its frames.

    Memory stays flat however long the video is: a frame exists when it is asked for.

    Args:
        path: AVI, MP4, MOV, Matroska, WebM, MPEG or WMV, with any codec that PyAV's FFmpeg decodes.
        max_pixels: Videos of larger frames are refused by their header; None for the limit of the process.

    Raises:
        ImageError: The file is missing, no video, or too large.
    """
    max_pixels = max_pixels_allowed() if max_pixels is None else max_pixels
    try:
        # As a URL of a file: a name such as "http:…" or "concat:…" must not be taken for another protocol.
        container = av.open(f"file:{path}", options=_OPTIONS)
    except (av.FFmpegError, OSError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) else "it is not a video, or its beginning is damaged"
        )
        raise ImageError(f"{path} cannot be read as a video ({reason}): check the file.") from None
    with container:
        if not container.streams.video:
            raise ImageError(f"{path} holds no moving pictures: name another file.")
        stream = container.streams.video[0]
        check_size(str(path), stream.width, stream.height, max_pixels)
        stream.codec_context.options = {"max_pixels": str(max_pixels)}
        yield Video(path, container, stream)


def _promised_seconds(container: InputContainer, stream: VideoStream, rate: Fraction) -> float:
    """How long the header says that the pictures run; 0 where it does not say."""
    if container.format.name == "avi" and stream.frames:
        # The duration that FFmpeg gives is made to fit a file that was cut; the count of frames is not.
        return float(stream.frames / rate)
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # The container's length is that of its longest stream, which may be sound.
    if container.duration is not None and len(container.streams) == 1:
        return float(container.duration / av.time_base)
    return 0.0


def _picture(frame: VideoFrame) -> NDArray[np.uint8]:
    picture = frame.to_ndarray(format="rgb24")
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, quarters), np.uint8)
