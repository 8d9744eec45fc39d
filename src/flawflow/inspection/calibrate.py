"""Calibrating a model by good pictures that it was not trained on, without torch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.calibration import Calibration
from flawflow.decision.drift_baseline import DriftBaseline
from flawflow.errors import ImageError
from flawflow.images import read_image, resize_image, resize_mask
from flawflow.images.statistics import ImageStatistics, image_statistics
from flawflow.inspection.inspection import Failure
from flawflow.inspection.parallel import in_order
from flawflow.model_file.card import Card

Measure = Callable[[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray[np.float32], float]]
"""Gives the anomaly map and the score of a picture, as it is and at the model's size, as
`Inspector.measure_prepared` does."""

_BACKGROUND_QUANTILE = 0.99


@dataclass(frozen=True)
class Measurement:
    """What a model, and the picture itself, say about one good picture.

    Attributes:
        path: The picture's file.
        score: Its image score.
        max_value: The largest value of its anomaly map.
        background: The value that 99 % of its pixels that count do not exceed.
        statistics: How it was taken.
    """

    path: Path
    score: float
    max_value: float
    background: float
    statistics: ImageStatistics

    @classmethod
    def of(
        cls,
        path: Path,
        prepared: NDArray[np.uint8],
        measured: tuple[NDArray[np.float32], float],
        roi_mask: NDArray[np.bool_],
    ) -> Self:
        """What a picture, its map and its score say.

        Args:
            path: The picture's file.
            prepared: The picture at the model's size, uint8 (H, W, 3).
            measured: Its anomaly map, float32 (H, W) of any size, and its score.
            roi_mask: bool (H, W) of the model's size, which pixels count.
        """
        anomaly_map, score = measured
        return cls(
            path, score, *max_and_background(anomaly_map, roi_mask), image_statistics(prepared, roi_mask)
        )


def max_and_background(anomaly_map: NDArray[np.float32], roi_mask: NDArray[np.bool_]) -> tuple[float, float]:
    """The largest value of a map, (H, W), and the one that 99 % of its pixels that count do not exceed."""
    if anomaly_map.shape != roi_mask.shape:
        roi_mask = resize_mask(roi_mask, (anomaly_map.shape[0], anomaly_map.shape[1]))
    return float(anomaly_map.max()), float(np.quantile(anomaly_map[roi_mask], _BACKGROUND_QUANTILE))


def measure_good(
    measure: Measure, pictures: Iterable[Path], roi_mask: NDArray[np.bool_]
) -> Iterator[Measurement | Failure]:
    """Measure good pictures, side by side, in their order.

    Args:
        measure: Such as `Inspector.measure_prepared`; called from several threads at once.
        pictures: Files.
        roi_mask: (H, W) of the model's size, which pixels count: `Inspector.roi_mask`.

    Yields:
        A measurement for each picture, or a failure for one that cannot be read.
    """
    size = roi_mask.shape[0], roi_mask.shape[1]

    def measured(path: Path) -> Measurement | Failure:
        try:
            picture = read_image(path)
        except ImageError as error:
            return Failure(path, str(error))
        prepared = resize_image(picture, size)
        return Measurement.of(path, prepared, measure(picture, prepared), roi_mask)

    return in_order(measured, pictures)


def calibrate(
    measurements: Sequence[Measurement],
    *,
    out_of_fold: Sequence[Measurement] = (),
    false_reject_rate: float = 0.01,
    review_rate: float = 0.05,
) -> tuple[Calibration, tuple[float, float]]:
    """Find how to judge and how to draw by what a model says about good pictures.

    Args:
        measurements: Of good pictures that the model was not trained on; at least one.
        out_of_fold: Of further good pictures, by models of other folds (`flawflow.training.cross_fit`).
        false_reject_rate: As of `Calibration`.
        review_rate: As of `Calibration`.

    Returns:
        The calibration, and the colormap range: from the map value that 99 % of good pixels stay below to as
        far above the pixel threshold.

    Raises:
        ValueError: When there is no measurement, or a rate is impossible.
    """
    calibration = Calibration.measured(
        (measurement.score for measurement in measurements),
        (measurement.max_value for measurement in measurements),
        out_of_fold=(measurement.score for measurement in out_of_fold),
        out_of_fold_maxima=(measurement.max_value for measurement in out_of_fold),
        false_reject_rate=false_reject_rate,
        review_rate=review_rate,
    )
    low = float(np.median([measurement.background for measurement in (*measurements, *out_of_fold)]))
    # A map that is constant on all good pictures still needs a scale with a length.
    high = low + max(2 * (calibration.pixel_threshold - low), 1e-6 * max(1.0, abs(low)))
    return calibration, (low, high)


def drift_baseline(measurements: Iterable[Measurement]) -> DriftBaseline:
    """What later pictures are compared with."""
    return DriftBaseline.of((measurement.score, measurement.statistics) for measurement in measurements)


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
    earlier, drift = card.calibration, drift_baseline(measurements)
    calibration, colormap_range = calibrate(
        measurements, false_reject_rate=earlier.false_reject_rate, review_rate=earlier.review_rate
    )
    if add:
        scores = tuple(sorted((*earlier.scores, *calibration.scores)))
        calibration = replace(earlier, scores=scores)
        return replace(card, calibration=calibration, drift=card.drift.with_more(drift))
    return replace(card, calibration=calibration, colormap_range=colormap_range, drift=drift)
