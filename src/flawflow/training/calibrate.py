"""Good pictures that the detector never sees, and the constants for judging that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.calibration import Calibration
from flawflow.decision.drift_baseline import DriftBaseline
from flawflow.errors import DatasetError
from flawflow.inspection import calibrate as by_measurements
from flawflow.inspection.calibrate import Measurement, drift_baseline, measure_good
from flawflow.inspection.inspection import Failure
from flawflow.inspection.tiled import TiledModel, chosen_tiles
from flawflow.model_file.tile_card import TileCard
from flawflow.progress import OnProgress, Progress
from flawflow.runtime.engine import Engine

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Calibrated:
    """What good pictures that a model has not seen tell.

    Attributes:
        calibration: Their scores, and the thresholds that follow.
        colormap_range: (low, high): the map values that a heat map shows as nothing and as full colour.
        drift_baseline: What later pictures are compared with.
        unread: The pictures that could not be read, each with a sentence that says why.
        tiles: How pictures are inspected in tiles, and how many these took; None where there are none.
    """

    calibration: Calibration
    colormap_range: tuple[float, float]
    drift_baseline: DriftBaseline
    unread: tuple[tuple[Path, str], ...]
    tiles: TileCard | None = None


def calibrate(
    engine: Engine,
    pictures: Sequence[Path],
    roi_mask: NDArray[np.bool_],
    on_progress: OnProgress,
    *,
    out_of_fold: Sequence[Measurement] = (),
    tiled: TiledModel | None = None,
) -> Calibrated:
    """Calibrate by the exported graph.

    Args:
        engine: Runs the graph, its part for whole pictures where there is another.
        pictures: Good pictures that the detector was not trained on.
        roi_mask: Which pixels of the graph's input, (H, W), count.
        on_progress: Receives the progress.
        out_of_fold: Of further good pictures, by models of other folds (`flawflow.training.cross_fit`).
        tiled: Adds what tiles show; None where there are none.

    Raises:
        DatasetError: None of the pictures could be read.
    """
    tile_counts: list[int] = []

    def measure(picture: Pixels, prepared: Pixels) -> tuple[NDArray[np.float32], float]:
        maps, scores, *_ = engine.run(prepared[None])
        if tiled is None:
            return maps[0], float(scores[0])
        tile_counts.append(len(chosen_tiles(tiled.card, maps[0], roi_mask)))
        return tiled.measure(picture, maps[0], float(scores[0]))

    measurements: list[Measurement] = []
    failures: list[tuple[Path, str]] = []
    for done, result in enumerate(measure_good(measure, pictures, roi_mask), start=1):
        if isinstance(result, Failure):
            failures.append((pictures[done - 1], result.error))
        else:
            measurements.append(result)
        on_progress(Progress("Calibrating", done, len(pictures)))
    if not measurements:
        raise DatasetError(
            "None of the pictures kept for calibration could be read; give more good pictures."
        )
    calibration, colormap_range = by_measurements.calibrate(measurements, out_of_fold=out_of_fold)
    return Calibrated(
        calibration,
        colormap_range,
        drift_baseline((*measurements, *out_of_fold)),
        tuple(failures),
        None if tiled is None else replace(tiled.card, mean_count=float(np.mean(tile_counts))),
    )
