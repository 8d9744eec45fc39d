"""Which good pictures to learn from and which to calibrate with; of videos, frames."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import DatasetError, PictureError
from flawflow.learn.calibrate import require_enough, shuffled, split_clips, split_good
from flawflow.learn.source import OnProgress, Progress
from flawflow.picture import read_picture
from flawflow.video.names import is_video_name, require_video


@dataclass(frozen=True)
class Good:
    """Good pictures, shared out.

    Attributes:
        learned_from: Files to learn from.
        held_out: Files to calibrate with.
        failures: Videos that could not be read to their end, each with the sentence that says why.
    """

    learned_from: tuple[Path, ...]
    held_out: tuple[Path, ...]
    failures: tuple[tuple[Path, str], ...] = ()


def check_good(paths: Sequence[Path]) -> None:
    """Refuse what cannot be learned from, before any work.

    Raises:
        DatasetError: There are too few pictures.
        FlawflowError: There is a video, and videos cannot be read here.
    """
    videos = [path for path in paths if is_video_name(path)]
    if videos:
        require_video(videos[0])
    else:
        require_enough(len(paths))


def first_shape(paths: Sequence[Path]) -> tuple[int, int]:
    """(H, W) of the first picture, or of the first video's frames, that can be read.

    Raises:
        DatasetError: None can be read.
    """
    for path in paths:
        with contextlib.suppress(PictureError):
            picture = _first_frame(path) if is_video_name(path) else read_picture(path)
            return picture.shape[0], picture.shape[1]
    raise DatasetError("None of the good pictures could be read; name a folder of pictures.")


def _first_frame(path: Path) -> NDArray[np.uint8]:
    from flawflow.video.read import open_video

    with open_video(path) as video:
        return next(iter(video.frames())).picture


def share_out(
    paths: Sequence[Path],
    *,
    seed: int,
    every: int,
    size: tuple[int, int],
    folder: Path,
    on_progress: OnProgress,
    crossed: bool = False,
) -> Good:
    """Share good pictures out.

    Pictures alone are shared out at random. Neighbouring frames of a video are nearly equal: a random share
    of them would be known to the detector beforehand. So where there are videos, the last 15 % of each are
    kept aside, and the last 15 % of the pictures beside them.

    Args:
        paths: Good pictures and videos.
        seed: Of the random choice.
        every: Of a video, every Nth frame is a picture.
        size: (H, W) that frames are resized to.
        folder: Where the frames of videos are kept; the caller removes them.
        on_progress: Who is told.
        crossed: Whether the pictures are to be cross-fitted: all of them are to learn from, in random order.

    Raises:
        DatasetError: There are fewer than eight pictures.
    """
    pictures = [path for path in paths if not is_video_name(path)]
    videos = [path for path in paths if is_video_name(path)]
    if crossed:
        return Good(shuffled(pictures, seed), ())
    if not videos:
        return Good(*split_good(pictures, seed))
    from flawflow.video.pictures import save_frames

    clips, failures = [], []
    for number, path in enumerate(videos):

        def told(done: int, total: int, name: str = path.name) -> None:
            on_progress(Progress("Frames", done, total, name))

        frames, said = save_frames(path, folder / f"{number:04d}", every=every, size=size, on_progress=told)
        clips.append(frames)
        failures += [(path, said)] if said else []
    require_enough(len(pictures) + sum(map(len, clips)))
    learned_from, held_out = split_clips([*clips, pictures])
    return Good(learned_from, held_out, tuple(failures))
