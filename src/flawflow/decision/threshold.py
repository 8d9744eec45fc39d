"""From a rate to a threshold, among the scores of good pictures: split conformal prediction."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flawflow.decision.tolerance import upper_rate


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A score that few good pictures exceed.

    Attributes:
        score: A calibration score; what is above it stands out.
        asked_rate: The rate that was asked for, in (0, 1).
        rank: It is at least the `rank`-th highest score of the pictures that the guarantee rests on.
        pictures: How many those are.
        expected_rate: What is seen: about this share of good pictures is above `score`. It is below
            `guaranteed_rate` where the model was cross-fitted and the others' scores say so.
    """

    score: float
    asked_rate: float
    rank: int
    pictures: int
    expected_rate: float

    @property
    def guaranteed_rate(self) -> float:
        """What holds: a new good picture is above `score` with at most this probability, rank/(n + 1).

        The probability is over the calibration pictures and the new one together.
        """
        return self.rank / (self.pictures + 1)

    @cached_property
    def confident_rate(self) -> float:
        """What holds of the calibration at hand: with 95 % confidence at most this share of good pictures.

        At most one calibration in 20 lets through a threshold that more good pictures are above.
        """
        return upper_rate(self.rank, self.pictures)

    @property
    def keeps_rate(self) -> bool:
        """Whether the rate that was asked for is guaranteed."""
        return self.guaranteed_rate <= self.asked_rate


def find_threshold(
    rate: float, own: tuple[float, ...], everyone: tuple[float, ...], *, under: float | None = None
) -> Threshold:
    """The threshold for a rate among scores of good pictures.

    Args:
        rate: The share of good pictures that may be above it, in (0, 1).
        own: Ascending scores that are exchangeable with a new picture's; the guarantee rests on them.
        everyone: These and all others, ascending.
        under: A lower rate: the threshold is at least one rank below that of this rate, in both sets, as
            far as there is a lower rank. So the ranks depend on the rates and the numbers of scores alone,
            and not on the scores, which is what the guarantee needs.

    Raises:
        ValueError: When a rate is outside (0, 1).
    """
    rank, rank_of_all = (_rank(rate, len(scores), under) for scores in (own, everyone))
    score = max(own[-rank], everyone[-rank_of_all])
    reached = len(everyone) - bisect_left(everyone, score)
    # Nobody expects more than what is guaranteed.
    expected = min(rank / (len(own) + 1), reached / (len(everyone) + 1))
    return Threshold(score=score, asked_rate=rate, rank=rank, pictures=len(own), expected_rate=expected)


def images_needed(rate: float, *, under: float | None = None) -> int:
    """The number of calibration pictures from which on `find_threshold` keeps a rate.

    It is ⌈1/rate⌉ - 1; with a lower rate that takes a rank of its own, ⌈max(2/rate, 1/(rate - under))⌉ - 1.

    Raises:
        ValueError: When a rate is outside (0, 1), or `under` is not below `rate`.
    """
    wanted = as_written(rate)
    if under is None:
        return math.ceil(1 / wanted) - 1
    lower = as_written(under)
    if not lower < wanted:
        raise ValueError(f"a rate that takes a rank of its own must be above {under}; got {rate}")
    return math.ceil(max(2 / wanted, 1 / (wanted - lower))) - 1


def _rank(rate: float, count: int, under: float | None) -> int:
    """⌊(n + 1)·rate⌋: the calibration score, from the highest, that a new one exceeds at most at the rate."""
    rank = max(1, math.floor((count + 1) * as_written(rate)))
    return rank if under is None else max(rank, min(_rank(under, count, None) + 1, count))


def check_rate(rate: float) -> None:
    """Refuse what is not a rate.

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
