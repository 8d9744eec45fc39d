"""Good pictures that the detector never sees, and the constants for judging that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.calibration import Calibration
from flawflow.decision.drift_baseline import Reference
from flawflow.errors import DatasetError
from flawflow.inspection import calibrate as by_measurements
from flawflow.inspection.calibrate import Measurement, measure_good, reference
from flawflow.inspection.inspection import Failure
from flawflow.progress import OnProgress, Progress
from flawflow.runtime.engine import Engine


@dataclass(frozen=True)
class Calibrated:
    """What good pictures that a model has not seen tell.

    Attributes:
        calibration: Their scores, and the thresholds that follow.
        heat_scale: (low, high): the map values that a heat map shows as nothing and as full colour.
        reference: What later pictures are compared with.
        unread: The pictures that could not be read, each with a sentence that says why.
    """

    calibration: Calibration
    heat_scale: tuple[float, float]
    reference: Reference
    unread: tuple[tuple[Path, str], ...]


def calibrate(
    engine: Engine,
    pictures: Sequence[Path],
    interest: NDArray[np.bool_],
    on_progress: OnProgress,
    *,
    others: Sequence[Measurement] = (),
) -> Calibrated:
    """Calibrate by the exported graph.

    Args:
        engine: Runs the graph.
        pictures: Good pictures that the detector was not trained on.
        interest: Which pixels of the graph's input, (H, W), count.
        on_progress: Who is told.
        others: Of further good pictures, by sister models (`flawflow.training.cross_fit`).

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
    return Calibrated(calibration, heat_scale, reference((*measurements, *others)), tuple(failures))
