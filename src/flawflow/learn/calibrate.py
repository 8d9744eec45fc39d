"""Good pictures that the detector never sees, and the constants for judging that follow from them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import DatasetError
from flawflow.inspect import calibrate as by_measurements
from flawflow.inspect.calibrate import Measurement, measure_good, reference
from flawflow.inspect.engine import Engine
from flawflow.inspect.inspection import Failure
from flawflow.judge.calibration import Calibration
from flawflow.judge.reference import Reference
from flawflow.learn.source import OnProgress, Progress

HELD_OUT_SHARE = 0.15
LEAST_HELD_OUT = 2
LEAST_PICTURES = 8


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


def calibrate(
    engine: Engine,
    pictures: Sequence[Path],
    interest: NDArray[np.bool_],
    on_progress: OnProgress,
    *,
    others: Sequence[Measurement] = (),
) -> tuple[Calibration, tuple[float, float], Reference, tuple[tuple[Path, str], ...]]:
    """Calibrate by the exported graph.

    Args:
        engine: Runs the graph.
        pictures: Good pictures that the detector was not trained on.
        interest: Which pixels of the graph's input, (H, W), count.
        on_progress: Who is told.
        others: Of further good pictures, by sister models (`flawflow.learn.crossfit`).

    Returns:
        The calibration, the heat scale, what later pictures are compared with, and the pictures that could
        not be read, each with a sentence.

    Raises:
        DatasetError: None of the pictures could be read.
    """

    def measure(prepared: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        maps, scores = engine.run(prepared[None])
        return maps[0], float(scores[0])

    measurements: list[Measurement] = []
    failures: list[tuple[Path, str]] = []
    for done, result in enumerate(measure_good(measure, pictures, interest), start=1):
        if isinstance(result, Failure):
            failures.append((pictures[done - 1], result.error))
        else:
            measurements.append(result)
        on_progress(Progress("Calibrating", done, len(pictures)))
    if not measurements:
        raise DatasetError(
            "None of the pictures kept for calibration could be read; give more good pictures."
        )
    calibration, heat_scale = by_measurements.calibrate(measurements, others=others)
    return calibration, heat_scale, reference((*measurements, *others)), tuple(failures)
