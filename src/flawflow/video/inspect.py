"""Inspecting a video frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flawflow.errors import FlawflowError, ImageError
from flawflow.inspection.inspection import Failure, Inspection
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.video.read import Frame, Video


@dataclass(frozen=True, eq=False)
class FrameInspection:
    """What the model says about one frame.

    Attributes:
        frame: The frame, with its number and time.
        inspection: What the model says; its path is the video's.
    """

    frame: Frame
    inspection: Inspection


def inspect_video(
    inspector: Inspector, video: Video, *, workers: int | None = None
) -> Iterator[FrameInspection | Failure]:
    """Inspect all frames of a video, in their order.

    A frame gets the same score as the same picture from a file. While one frame is inferred the next are
    decoded; memory stays flat.

    Args:
        inspector: The model.
        video: As `open_video` gives it.
        workers: Threads; by default one a core, between 2 and 8.

    Yields:
        An inspection for each whole frame; a failure for a frame that cannot be inspected and, last, one for
        a video that is damaged or cut short.
    """
    failures: list[Failure] = []
    frames = whole_frames(video, failures)
    yield from in_order(lambda frame: inspect_frame(inspector, video, frame), frames, workers=workers)
    yield from failures


def inspect_frame(inspector: Inspector, video: Video, frame: Frame) -> FrameInspection | Failure:
    """Inspect one frame of a video."""
    try:
        found = inspector.inspect(frame.picture)
    except FlawflowError as error:
        return Failure(video.path, f"{video.path}, frame {frame.index}: {error}")
    timings = replace(found.timings, read=found.timings.read + frame.decoding)
    return FrameInspection(frame, replace(found, path=video.path, timings=timings))


def whole_frames(video: Video, failures: list[Failure]) -> Iterator[Frame]:
    """Give the frames that can be read; what is wrong with the file is added to `failures` after the last."""
    try:
        yield from video.frames()
    except ImageError as error:
        failures.append(Failure(video.path, str(error)))
