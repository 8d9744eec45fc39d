"""What a model's own thresholds come to on test pictures: one point of the curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from flawflow.decision.calibration import Calibration
from flawflow.decision.tolerance import exact_interval


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """By what a model judges, fixed before any test picture was seen.

    Attributes:
        image: The score above which a picture is rejected (NG).
        pixel: The map value above which a pixel belongs to a region.
        false_reject_rate: The share of good pictures that `image` was chosen for, in (0, 1).
    """

    image: float
    pixel: float
    false_reject_rate: float

    @classmethod
    def of(cls, calibration: Calibration) -> Self:
        """Those of a calibration."""
        return cls(
            image=calibration.threshold().score,
            pixel=calibration.pixel_threshold,
            false_reject_rate=calibration.false_reject_rate,
        )


@dataclass(frozen=True, kw_only=True)
class AtThreshold:
    """What the threshold of pictures comes to on those that were tested.

    Intervals are exact (Clopper and Pearson), with 95 % confidence, for pictures that are independent.

    Attributes:
        threshold: The score above which a picture was rejected (NG).
        stated_false_reject_rate: The share of good pictures that it was chosen for, in (0, 1).
        false_rejects: How many good test pictures were rejected.
        false_reject_rate: Which share of them that is, in [0, 1].
        false_reject_interval: Within what the share of all good pictures lies.
        recall: The share of defective test pictures that were rejected, in [0, 1].
        recall_interval: Within what the share of all defective pictures of these kinds lies.
    """

    threshold: float
    stated_false_reject_rate: float
    false_rejects: int
    false_reject_rate: float
    false_reject_interval: tuple[float, float]
    recall: float
    recall_interval: tuple[float, float]

    @classmethod
    def counted(cls, thresholds: Thresholds, good: Sequence[float], defective: Sequence[float]) -> Self:
        """Count the pictures above the threshold.

        Args:
            thresholds: Of the model.
            good: The scores of good pictures, at least one.
            defective: The scores of defective pictures, at least one.
        """
        rejected, found = (sum(score > thresholds.image for score in scores) for scores in (good, defective))
        return cls(
            threshold=thresholds.image,
            stated_false_reject_rate=thresholds.false_reject_rate,
            false_rejects=rejected,
            false_reject_rate=rejected / len(good),
            false_reject_interval=exact_interval(rejected, len(good)),
            recall=found / len(defective),
            recall_interval=exact_interval(found, len(defective)),
        )
