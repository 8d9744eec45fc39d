"""Inspecting a video frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import FlawflowError, PictureError
from flawflow.inspect.inspection import Failure, Inspection
from flawflow.inspect.inspector import Inspector
from flawflow.inspect.stream import in_order
from flawflow.report.heat import overlay
from flawflow.video.read import Frame, Video


@dataclass(frozen=True, eq=False)
class FrameInspection:
    """What the model says about one frame.

    Attributes:
        frame: The frame, with its number and time.
        inspection: What the model says; its path is the video's.
        drawn: uint8 (H, W, 3), the frame with its heat and a box around each region.
    """

    frame: Frame
    inspection: Inspection
    drawn: NDArray[np.uint8]


def inspect_video(
    inspector: Inspector, video: Video, *, workers: int | None = None
) -> Iterator[FrameInspection | Failure]:
    """Inspect all frames of a video, in their order.

    A frame gets the same score as the same picture from a file. While one frame is inferred the next are
    decoded and others drawn; memory stays flat.

    Args:
        inspector: The model.
        video: As `open_video` gives it.
        workers: Threads; by default one a core, between 2 and 8.

    Yields:
        An inspection for each whole frame; a failure for a frame that cannot be inspected and, last, one for
        a video that is damaged or cut short.
    """
    failures: list[Failure] = []

    def whole_frames() -> Iterator[Frame]:
        try:
            yield from video.frames()
        except PictureError as error:
            failures.append(Failure(video.path, str(error)))

    def inspected(frame: Frame) -> FrameInspection | Failure:
        try:
            found = inspector.inspect(frame.picture)
        except FlawflowError as error:
            return Failure(video.path, f"{video.path}, frame {frame.index}: {error}")
        timings = replace(found.timings, read=found.timings.read + frame.decoding)
        found = replace(found, path=video.path, timings=timings)
        drawn = overlay(frame.picture, found.anomaly_map, inspector.card.heat_scale, found.regions)
        return FrameInspection(frame, found, drawn)

    yield from in_order(inspected, whole_frames(), workers=workers)
    yield from failures
