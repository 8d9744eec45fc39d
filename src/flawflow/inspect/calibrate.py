"""Calibrating a model by good pictures that it was not trained on, without torch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from flawflow.card import Card
from flawflow.errors import PictureError
from flawflow.inspect.inspection import Failure
from flawflow.inspect.stream import in_order
from flawflow.judge.calibration import Calibration

Measure = Callable[[Path], tuple[NDArray[np.float32], float]]
"""Gives a picture's anomaly map and score, as `Inspector.measure` does."""

_CALM_QUANTILE = 0.99


@dataclass(frozen=True)
class Measurement:
    """What a model says about one good picture.

    Attributes:
        path: The picture's file.
        score: Its image score.
        peak: The largest value of its anomaly map.
        calm: The value that 99 % of its pixels do not exceed.
    """

    path: Path
    score: float
    peak: float
    calm: float

    @classmethod
    def of(cls, path: Path, anomaly_map: NDArray[np.float32], score: float) -> Self:
        """What a map, float32 (H, W), and a score say."""
        calm = float(np.quantile(anomaly_map, _CALM_QUANTILE))
        return cls(path, score, peak=float(anomaly_map.max()), calm=calm)


def measure_good(measure: Measure, pictures: Iterable[Path]) -> Iterator[Measurement | Failure]:
    """Measure good pictures, side by side, in their order.

    Args:
        measure: Such as `Inspector.measure`; called from several threads at once.
        pictures: Files.

    Yields:
        A measurement for each picture, or a failure for one that cannot be read.
    """

    def measured(path: Path) -> Measurement | Failure:
        try:
            anomaly_map, score = measure(path)
        except PictureError as error:
            return Failure(path, str(error))
        return Measurement.of(path, anomaly_map, score)

    return in_order(measured, pictures)


def calibrate(
    measurements: Sequence[Measurement], *, false_reject_rate: float = 0.01, review_rate: float = 0.05
) -> tuple[Calibration, tuple[float, float]]:
    """Find how to judge and how to draw by what a model says about good pictures.

    Args:
        measurements: Of good pictures that the model was not trained on; at least one.
        false_reject_rate: As of `Calibration`.
        review_rate: As of `Calibration`.

    Returns:
        The calibration, and the heat scale: from the map value that 99 % of good pixels stay below to as
        far above the pixel threshold.

    Raises:
        ValueError: When there is no measurement, or a rate is impossible.
    """
    calibration = Calibration.measured(
        (measurement.score for measurement in measurements),
        (measurement.peak for measurement in measurements),
        false_reject_rate=false_reject_rate,
        review_rate=review_rate,
    )
    low = float(np.median([measurement.calm for measurement in measurements]))
    # A map that is constant on all good pictures still needs a scale with a length.
    high = low + max(2 * (calibration.pixel_threshold - low), 1e-6 * max(1.0, abs(low)))
    return calibration, (low, high)


def recalibrate(card: Card, measurements: Sequence[Measurement], *, add: bool = False) -> Card:
    """Give the card a calibration by other good pictures, at its own rates.

    Args:
        card: The model's card.
        measurements: Of good pictures that the model was not trained on; at least one.
        add: Whether the scores of the earlier calibration count too; regions and heat then stay as they
            are, since nothing more is known of the earlier pictures.

    Raises:
        ValueError: When there is no measurement.
    """
    earlier = card.calibration
    calibration, heat_scale = calibrate(
        measurements, false_reject_rate=earlier.false_reject_rate, review_rate=earlier.review_rate
    )
    if add:
        scores = tuple(sorted((*earlier.scores, *calibration.scores)))
        return replace(card, calibration=replace(earlier, scores=scores))
    return replace(card, calibration=calibration, heat_scale=heat_scale)
