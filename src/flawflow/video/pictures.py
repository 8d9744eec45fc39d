"""Frames of videos as picture files, for whoever needs them in any order and more than once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from flawflow.errors import ImageError
from flawflow.images import resize_image
from flawflow.inspection.parallel import in_order
from flawflow.storage.files import write_whole
from flawflow.video.read import Frame, Video, open_video

_FAILURE = "failure.txt"


def save_frames(
    path: Path, folder: Path, *, every: int, size: tuple[int, int], on_progress: Callable[[int, int], None]
) -> tuple[tuple[Path, ...], str]:
    """Save every Nth frame of a video as a lossless picture; what was saved before is not saved again.

    Args:
        path: The video.
        folder: Where the pictures go; it comes into being when all are there.
        every: N; the frames 0, N, 2N, … are saved.
        size: (height, width) that they are resized to.
        on_progress: Called with (frames read, frames in all or 0).

    Returns:
        The pictures in the frames' order, and the sentence that says what is wrong with the video, or "".
    """
    if not folder.is_dir():
        scratch = folder.with_name(folder.name + ".part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            with open_video(path) as video:
                _save(video, scratch, every, size, on_progress)
        except ImageError as error:
            write_whole(scratch / _FAILURE, str(error))
        scratch.rename(folder)
    failure = folder / _FAILURE
    said = failure.read_text("utf-8") if failure.is_file() else ""
    return tuple(sorted(folder.glob("*.png"))), said


def _save(
    video: Video, folder: Path, every: int, size: tuple[int, int], on_progress: Callable[[int, int], None]
) -> None:
    def wanted() -> Iterator[Frame]:
        for frame in video.frames():
            if frame.index % every == 0:
                yield frame

    def save(frame: Frame) -> int:
        picture = Image.fromarray(resize_image(frame.picture, size))
        # The least compression: the pictures are read a few times and then removed.
        picture.save(folder / f"{frame.index:08d}.png", compress_level=1)
        return frame.index + 1

    for done in in_order(save, wanted()):
        on_progress(done, max(video.frame_count, done))
