"""From a rate to a threshold, among the scores of good pictures: split conformal prediction."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Threshold:
    """A score that few good pictures exceed.

    Attributes:
        score: A calibration score; what is above it stands out.
        asked_rate: The rate that was asked for, in (0, 1).
        guaranteed_rate: What holds: a new good picture is above `score` with at most this probability.
        expected_rate: What is seen: about this share of good pictures is above `score`. It is below
            `guaranteed_rate` where the model was cross-fitted and the others' scores say so.
    """

    score: float
    asked_rate: float
    guaranteed_rate: float
    expected_rate: float

    @property
    def keeps_rate(self) -> bool:
        """Whether the rate that was asked for is guaranteed."""
        return self.guaranteed_rate <= self.asked_rate


def find_threshold(rate: float, own: tuple[float, ...], everyone: tuple[float, ...]) -> Threshold:
    """The threshold for a rate among scores of good pictures.

    Args:
        rate: The share of good pictures that may be above it, in (0, 1).
        own: Ascending scores that are exchangeable with a new picture's; the guarantee rests on them.
        everyone: These and all others, ascending.

    Raises:
        ValueError: When the rate is outside (0, 1).
    """
    score = max(_exceeded_by(rate, scores) for scores in (own, everyone))
    guaranteed = _above(rate, own) / (len(own) + 1)
    reached = len(everyone) - bisect_left(everyone, score)
    # Nobody expects more than what is guaranteed.
    expected = min(guaranteed, reached / (len(everyone) + 1))
    return Threshold(score=score, asked_rate=rate, guaranteed_rate=guaranteed, expected_rate=expected)


def _exceeded_by(rate: float, scores: tuple[float, ...]) -> float:
    """The calibration score that a new one exceeds with probability ≤ `rate`."""
    return scores[len(scores) - _above(rate, scores)]


def _above(rate: float, scores: tuple[float, ...]) -> int:
    """⌈(n + 1)(1 - rate)⌉ = n + 1 - ⌊(n + 1) rate⌋: the calibration pictures that may lie above, plus one."""
    return max(1, math.floor((len(scores) + 1) * as_written(rate)))


def check_rate(rate: float) -> None:
    """Refuse what is no rate.

    Raises:
        ValueError: It is outside (0, 1).
    """
    if not 0.0 < rate < 1.0:
        raise ValueError(f"a rate must be between 0 and 1 (0.01 is 1 %); got {rate}")


def as_written(rate: float) -> Fraction:
    """The decimal that a person wrote: 0.07 as a float is a little above 7/100, and times 100 it is not 7.

    One calibration picture more or less hangs on that.

    Raises:
        ValueError: The rate is outside (0, 1).

    >>> as_written(0.07)
    Fraction(7, 100)
    """
    check_rate(rate)
    return Fraction(repr(float(rate)))
