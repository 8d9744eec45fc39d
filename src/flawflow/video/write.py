"""Pictures → a video file that any browser plays, written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from flawflow.errors import FlawflowError
from flawflow.storage.files import whole_file

# MPEG-4 takes no finer one than 1/65535; this one holds every usual frame rate to less than 0.1 ms.
_TIME_BASE = Fraction(1, 10_000)
# Bits a pixel of each frame: MPEG-4 has no constant quality that all builds know.
_MPEG4_BITS = 0.4


class VideoWriter:
    """Takes the frames of one video; see `write_video`."""

    def __init__(self, container: OutputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream
        self._last = -1

    def add(self, picture: NDArray[np.uint8], seconds: float) -> None:
        """Append a frame.

        Args:
            picture: uint8 (H, W, 3), RGB, of the video's size.
            seconds: When it is shown, later than the frame before.
        """
        even = np.pad(picture, ((0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        self._last = max(round(seconds / _TIME_BASE), self._last + 1)
        frame.pts, frame.time_base = self._last, _TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


@contextmanager
def write_video(path: Path, *, size: tuple[int, int], rate: Fraction) -> Iterator[VideoWriter]:
    """Write an MP4 video: H.264 where the FFmpeg at hand has it, else MPEG-4.

    Frames of odd sides get one row or column more, which repeats the last: these codecs know even ones only.

    Args:
        path: Where it shall stand, once the block ends without an error.
        size: (height, width) of the frames.
        rate: Frames a second.

    Raises:
        FlawflowError: The encoder refuses, for instance for the size.
    """
    height, width = size
    with whole_file(path) as scratch:
        try:
            # The index goes to the front, so that a browser plays while it loads.
            with av.open(str(scratch), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                stream = cast(VideoStream, container.add_stream(codec_name(), rate=rate))
                stream.width, stream.height = width + width % 2, height + height % 2
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = _TIME_BASE
                if codec_name() == "libx264":
                    stream.options = {"preset": "veryfast", "crf": "20"}
                else:
                    stream.bit_rate = round(_MPEG4_BITS * width * height * rate)
                writer = VideoWriter(container, stream)
                yield writer
                writer.finish()
        except av.FFmpegError as error:
            raise FlawflowError(f"{path} cannot be written as a video ({error.strerror}).") from None


def codec_name() -> str:
    """Name the codec that overlay videos are written with."""
    return "libx264" if "libx264" in av.codecs_available else "mpeg4"
