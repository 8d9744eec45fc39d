"""Constants for judging, from good pictures that the detector never saw."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import DatasetError, PictureError
from flawflow.inspect.engine import OnnxRuntimeEngine
from flawflow.judge.calibration import Calibration
from flawflow.learn.source import OnProgress, Progress
from flawflow.picture import read_picture, resize_picture

HELD_OUT_SHARE = 0.15
LEAST_HELD_OUT = 2
LEAST_PICTURES = 8
_CALM_QUANTILE = 0.99


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
    engine: OnnxRuntimeEngine, pictures: Sequence[Path], size: tuple[int, int], on_progress: OnProgress
) -> tuple[Calibration, tuple[float, float], tuple[tuple[Path, str], ...]]:
    """Score good pictures by the exported graph.

    The pixel threshold follows from the same rule as the image's, applied to each picture's highest map
    value: a new good picture shows any region at all with at most the false reject rate.

    Returns:
        The calibration; the heat scale: from the map value that 99 % of good pixels stay below to as far
        above the pixel threshold; and the pictures that could not be read, each with the sentence that says
        why.

    Raises:
        DatasetError: None of the pictures could be read.
    """
    scores: list[float] = []
    peaks: list[float] = []
    calm: list[float] = []
    failures: list[tuple[Path, str]] = []
    for done, path in enumerate(pictures, start=1):
        try:
            anomaly_map, score = _measure(engine, path, size)
        except PictureError as error:
            failures.append((path, str(error)))
        else:
            scores.append(score)
            peaks.append(float(anomaly_map.max()))
            calm.append(float(np.quantile(anomaly_map, _CALM_QUANTILE)))
        on_progress(Progress("Calibrating", done, len(pictures)))
    if not scores:
        raise DatasetError(
            "None of the pictures kept for calibration could be read; give more good pictures."
        )
    peak = Calibration(scores=tuple(sorted(peaks)), pixel_threshold=0.0).threshold().score
    low = float(np.median(calm))
    # A constant map on all good pictures still needs a scale with a length.
    high = low + max(2 * (peak - low), 1e-6 * max(1.0, abs(low)))
    return Calibration(scores=tuple(sorted(scores)), pixel_threshold=peak), (low, high), tuple(failures)


def _measure(
    engine: OnnxRuntimeEngine, path: Path, size: tuple[int, int]
) -> tuple[NDArray[np.float32], float]:
    picture = resize_picture(read_picture(path), size)
    maps, scores = engine.run(picture[None])
    return maps[0], float(scores[0])
