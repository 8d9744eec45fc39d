"""Which good pictures to learn from and which to calibrate with; of videos, frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from flawflow.errors import DatasetError, TrainingError
from flawflow.progress import OnProgress, Progress, within
from flawflow.recipe import Recipe
from flawflow.training.feature_source import FeatureSource
from flawflow.video.names import is_video_name, require_video

HELD_OUT_SHARE = 0.15
MIN_HELD_OUT_IMAGES = 2
MIN_IMAGES = 8

# What REVIEW's 5 % needs. Where the share that is held out has fewer, nothing usual could be promised.
_MIN_HELD_OUT_WITHOUT_FOLDS = 19


@dataclass(frozen=True)
class Split:
    """Good pictures, split.

    Attributes:
        training: Files to learn from.
        held_out: Files to calibrate with.
        failures: Videos that could not be read to their end, each with the sentence that says why.
    """

    training: tuple[Path, ...]
    held_out: tuple[Path, ...]
    failures: tuple[tuple[Path, str], ...] = ()


def check_image_count(paths: Sequence[Path]) -> None:
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


def is_cross_fitted(recipe: Recipe, paths: Sequence[Path]) -> bool:
    """Say whether to cross-fit; "auto" does where 15 % of the pictures are fewer than 19.

    Args:
        recipe: Whose calibration counts, and whose detector says whether four trainings take too long.
        paths: Good pictures and videos.

    Raises:
        TrainingError: Cross-fitting was asked for, and there are videos or tiles.
    """
    video = next(filter(is_video_name, paths), None)
    if recipe.tiles.mode != "off":
        if recipe.calibration == "cross":
            raise TrainingError(
                "Each fold would need a model of tiles of its own: with tiles choose the calibration split."
            )
        return False
    if recipe.calibration == "auto":
        few = round(HELD_OUT_SHARE * len(paths)) < _MIN_HELD_OUT_WITHOUT_FOLDS
        return few and video is None and recipe.detector.kind.cross_fits
    if recipe.calibration == "cross" and video is not None:
        raise TrainingError(
            f"{video} is a video, whose frames are too similar to be cross-fitted; choose the calibration "
            "split."
        )
    return recipe.calibration == "cross"


def split_good(pictures: Sequence[Path], seed: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Share good pictures out: most to learn from, a random 15 % (two at least) to calibrate with.

    Raises:
        DatasetError: There are fewer than eight.
    """
    require_enough(len(pictures))
    held_out = max(MIN_HELD_OUT_IMAGES, round(HELD_OUT_SHARE * len(pictures)))
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
    training = tuple(path for clip, end in parts for path in clip[:end])
    held_out = tuple(path for clip, end in parts for path in clip[end:])
    if len(held_out) < MIN_HELD_OUT_IMAGES:
        every = (*training, *held_out)
        return every[:-MIN_HELD_OUT_IMAGES], every[-MIN_HELD_OUT_IMAGES:]
    return training, held_out


def require_enough(count: int) -> None:
    """Refuse too few good pictures.

    Raises:
        DatasetError: There are fewer than eight.
    """
    if count < MIN_IMAGES:
        raise DatasetError(
            f"{count} readable good pictures are too few to learn from; give {MIN_IMAGES} or more."
        )


def split(
    paths: Sequence[Path],
    recipe: Recipe,
    *,
    cross_fitted: bool,
    folder: Path,
    on_progress: OnProgress,
    frame_size: tuple[int, int] | None = None,
) -> Split:
    """Split good pictures.

    Pictures alone are split at random. Neighbouring frames of a video are nearly equal: a random share
    of them would be known to the detector beforehand. So where there are videos, the last 15 % of each are
    kept aside, and the last 15 % of the pictures beside them.

    Args:
        paths: Good pictures and videos.
        recipe: Its seed chooses; of a video every Nth frame is a picture.
        cross_fitted: Whether the pictures are cross-fitted: all of them are for training, in random order.
        folder: Where the frames of videos are kept; the caller removes them.
        on_progress: Receives the progress.
        frame_size: (H, W) that frames are resized to; None for the recipe's size.

    Raises:
        DatasetError: There are fewer than eight pictures.
    """
    pictures = [path for path in paths if not is_video_name(path)]
    videos = [path for path in paths if is_video_name(path)]
    if cross_fitted:
        return Split(shuffled(pictures, recipe.seed), ())
    if not videos:
        return Split(*split_good(pictures, recipe.seed))
    from flawflow.video.pictures import save_frames

    size = frame_size or recipe.shape
    clips, failures = [], []
    for number, path in enumerate(videos):
        tell = within(on_progress, number / len(videos), (number + 1) / len(videos))

        def told(done: int, total: int, tell: OnProgress = tell, name: str = path.name) -> None:
            tell(Progress("Frames", done, total, name))

        place = folder / f"{number:04d}"
        frames, said = save_frames(path, place, every=recipe.every, size=size, on_progress=told)
        clips.append(frames)
        failures += [(path, said)] if said else []
    require_enough(len(pictures) + sum(map(len, clips)))
    training, held_out = split_clips([*clips, pictures])
    return Split(training, held_out, tuple(failures))


def set_aside(source: FeatureSource, held_out: Sequence[Path]) -> tuple[FeatureSource, tuple[Path, ...]]:
    """Part what is learned from and what calibrates.

    Args:
        source: The pictures that count.
        held_out: Those that shall calibrate, as far as they count; two at least will.
    """
    aside = set(held_out)
    learned = [number for number, path in enumerate(source.pictures) if path not in aside]
    missing = MIN_HELD_OUT_IMAGES - (len(source.pictures) - len(learned))
    if missing > 0:
        # All that were held out were copies of others or suspects.
        chosen = np.random.default_rng(source.seed).choice(learned, missing, replace=False)
        learned = sorted(set(learned) - set(chosen.tolist()))
    numbers = set(learned)
    calibrating = tuple(path for number, path in enumerate(source.pictures) if number not in numbers)
    store = source.features.only(learned)
    return replace(source, pictures=store.pictures, store=store), calibrating
