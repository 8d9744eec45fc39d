"""What every ranking measure comes down to: defect mass, and the good scores above and beside it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """A curve of true against false positives, given at the distinct scores of the defects alone.

    Between two such scores the curve is level, so these steps hold all of it: every distinct
    score is a threshold, and equal scores are passed together, in a straight line.

    Attributes:
        gained: (S,) defect mass at each distinct score, descending scores; sums to 1.
        above: (S,) fraction of good scores strictly higher, in [0, 1].
        at_least: (S,) fraction of good scores as high or higher, in [0, 1].
    """

    gained: Floats
    above: Floats
    at_least: Floats

    def area(self, limit: float = 1.0) -> float:
        """The mean height of the curve over false positive rates in [0, limit].

        A mass w whose ties span the rates [a, b] adds w·∫₀ᴸ clip((x - a)/(b - a), 0, 1) dx: the
        trapezoids of the curve and the linear interpolation at the limit, summed mass by mass.
        """
        # The masses add up to 1 but for rounding, which must not lead out of the range.
        return min(1.0, float(self.gained @ reached(self.above, self.at_least, limit)) / limit)

    def area_error(self, limit: float = 1.0) -> float:
        """How far `area` can be off if the ties were made by rounding: each tie broken at its worst."""
        # With all defects of a tie first; with all of them last the ramp is no further off.
        best = np.maximum(limit - self.above, 0)
        return float(self.gained @ (best - reached(self.above, self.at_least, limit))) / limit


def average_precision(hits: Floats, alarms: Floats) -> float:
    """Sum of precision · gain in recall over descending thresholds (no interpolation).

    Args:
        hits: (S,) number (or area) of defects at each distinct defect score, descending scores.
        alarms: (S,) number (or area) of good ones that score as high or higher.
    """
    found = np.cumsum(hits)
    return min(1.0, float(hits @ (found / (found + alarms)) / found[-1]))


def average_precision_error(hits: Floats, alarms_above: Floats, alarms: Floats) -> float:
    """How far `average_precision` can be off if the ties were made by rounding."""
    found = np.cumsum(hits)
    here = found / (found + alarms)
    best = found / (found + alarms_above)
    # At worst all of the tie's good ones precede its defects. However finely those are divided, their mean
    # precision is at least 1/h · ∫₀ʰ (b + x)/(b + x + a) dx = 1 - a/h · ln(1 + h/(b + a)).
    before = found - hits
    ahead = np.where(alarms > 0, before + alarms, 1.0)
    worst = np.where(alarms > 0, 1 - alarms / hits * np.log1p(hits / ahead), 1.0)
    return float(hits @ np.maximum(best - here, here - worst) / found[-1])


def best_f1(hits: Floats, alarms: Floats) -> float:
    """The highest F1 = 2·TP / (2·TP + FP + FN) of any threshold.

    It is reached at the score of a defect: between two of them only the alarms change.

    Args:
        hits: (S,) number (or area) of defects at each distinct defect score, descending scores.
        alarms: (S,) number (or area) of good ones that score as high or higher.
    """
    found = np.cumsum(hits)
    return min(1.0, float(np.max(2 * found / (found + alarms + found[-1]))))


def best_f1_error(hits: Floats, alarms_above: Floats, alarms: Floats) -> float:
    """How far `best_f1` can be off if the ties were made by rounding: it can only be higher.

    At best all of a tie's defects precede its good ones.
    """
    return best_f1(hits, alarms_above) - best_f1(hits, alarms)


def reached(above: Floats, at_least: Floats, limit: float) -> Floats:
    """∫₀ᴸ of a ramp that rises from 0 at `above` to 1 at `at_least`."""
    whole = limit - (above + at_least) / 2
    width = np.where(at_least > above, at_least - above, 1.0)
    part = np.maximum(limit - above, 0) ** 2 / (2 * width)
    return np.where(at_least <= limit, whole, part)
