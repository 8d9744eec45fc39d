"""Which good pictures to learn from and which to calibrate with; of videos, frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from flawflow.errors import DatasetError, TrainingError
from flawflow.progress import OnProgress, Progress, within
from flawflow.recipe import Recipe
from flawflow.training.feature_source import Source
from flawflow.video.names import is_video_name, require_video

HELD_OUT_SHARE = 0.15
LEAST_HELD_OUT = 2
LEAST_PICTURES = 8

# What REVIEW's 5 % needs. Where the share that is kept aside has fewer, nothing usual could be promised.
_ENOUGH = 19


@dataclass(frozen=True)
class Split:
    """Good pictures, split.

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


def is_crossed(recipe: Recipe, paths: Sequence[Path]) -> bool:
    """Say whether to cross-fit; "auto" does where 15 % of the pictures are fewer than 19.

    Args:
        recipe: Whose calibration counts, and whose detector says whether four trainings take too long.
        paths: Good pictures and videos.

    Raises:
        TrainingError: Cross-fitting was asked for, and there are videos.
    """
    video = next(filter(is_video_name, paths), None)
    if recipe.calibration == "auto":
        few = round(HELD_OUT_SHARE * len(paths)) < _ENOUGH
        return few and video is None and recipe.detector.kind.crosses
    if recipe.calibration == "cross" and video is not None:
        raise TrainingError(
            f"{video} is a video, whose frames are too much alike to be cross-fitted; choose the calibration "
            "split."
        )
    return recipe.calibration == "cross"


def split_good(pictures: Sequence[Path], seed: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Share good pictures out: most to learn from, a random 15 % (two at least) to calibrate with.

    Raises:
        DatasetError: There are fewer than eight.
    """
    require_enough(len(pictures))
    held_out = max(LEAST_HELD_OUT, round(HELD_OUT_SHARE * len(pictures)))
    order = np.random.default_rng(seed).permutation(len(pictures))
    chosen = set(order[:held_out].tolist())
    return (
        tuple(path for index, path in enumerate(pictures) if index not in chosen),
        tuple(pictures[index] for index in sorted(chosen)),
    )


def shuffled(pictures: Sequence[Path], seed: int) -> tuple[Path, ...]:
    """The pictures in random order, so that parts in a row are random parts."""
    return tuple(pictures[index] for index in np.random.default_rng(seed).permutation(len(pictures)).tolist())


def split_clips(clips: Sequence[Sequence[Path]]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Share out the pictures of clips, each in the order of time: the last 15 % of each to calibrate with.

    Where the clips are so short that this gives fewer than two, the last two pictures of all.
    """
    parts = [(clip, len(clip) - round(HELD_OUT_SHARE * len(clip))) for clip in clips]
    learned_from = tuple(path for clip, end in parts for path in clip[:end])
    held_out = tuple(path for clip, end in parts for path in clip[end:])
    if len(held_out) < LEAST_HELD_OUT:
        every = (*learned_from, *held_out)
        return every[:-LEAST_HELD_OUT], every[-LEAST_HELD_OUT:]
    return learned_from, held_out


def require_enough(count: int) -> None:
    """Refuse too few good pictures.

    Raises:
        DatasetError: There are fewer than eight.
    """
    if count < LEAST_PICTURES:
        raise DatasetError(
            f"{count} readable good pictures are too few to learn from; give {LEAST_PICTURES} or more."
        )


def split(
    paths: Sequence[Path], recipe: Recipe, *, crossed: bool, folder: Path, on_progress: OnProgress
) -> Split:
    """Split good pictures.

    Pictures alone are split at random. Neighbouring frames of a video are nearly equal: a random share
    of them would be known to the detector beforehand. So where there are videos, the last 15 % of each are
    kept aside, and the last 15 % of the pictures beside them.

    Args:
        paths: Good pictures and videos.
        recipe: Its seed chooses; of a video every Nth frame is a picture, of its size.
        crossed: Whether the pictures are to be cross-fitted: all of them are to learn from, in random order.
        folder: Where the frames of videos are kept; the caller removes them.
        on_progress: Who is told.

    Raises:
        DatasetError: There are fewer than eight pictures.
    """
    pictures = [path for path in paths if not is_video_name(path)]
    videos = [path for path in paths if is_video_name(path)]
    if crossed:
        return Split(shuffled(pictures, recipe.seed), ())
    if not videos:
        return Split(*split_good(pictures, recipe.seed))
    from flawflow.video.pictures import save_frames

    clips, failures = [], []
    for number, path in enumerate(videos):
        tell = within(on_progress, number / len(videos), (number + 1) / len(videos))

        def told(done: int, total: int, tell: OnProgress = tell, name: str = path.name) -> None:
            tell(Progress("Frames", done, total, name))

        place = folder / f"{number:04d}"
        frames, said = save_frames(path, place, every=recipe.every, size=recipe.shape, on_progress=told)
        clips.append(frames)
        failures += [(path, said)] if said else []
    require_enough(len(pictures) + sum(map(len, clips)))
    learned_from, held_out = split_clips([*clips, pictures])
    return Split(learned_from, held_out, tuple(failures))


def set_aside(source: Source, held_out: Sequence[Path]) -> tuple[Source, tuple[Path, ...]]:
    """Part what is learned from and what calibrates; the features of `source` are of no further use.

    Args:
        source: The pictures that count.
        held_out: Those that shall calibrate, as far as they count; two at least will.
    """
    aside = set(held_out)
    learned = [number for number, path in enumerate(source.pictures) if path not in aside]
    missing = LEAST_HELD_OUT - (len(source.pictures) - len(learned))
    if missing > 0:
        # All that were kept aside were copies of others or suspects.
        chosen = np.random.default_rng(source.seed).choice(learned, missing, replace=False)
        learned = sorted(set(learned) - set(chosen.tolist()))
    numbers = set(learned)
    calibrating = tuple(path for number, path in enumerate(source.pictures) if number not in numbers)
    store = source.features.only(learned)
    return replace(source, pictures=store.pictures, store=store), calibrating
