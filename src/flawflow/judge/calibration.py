"""What a score means: measured on good pictures that the model was not trained on.

The one assumption is that a new good picture is exchangeable with the calibration pictures (the
same part, camera and light). Then split conformal prediction gives guarantees for any finite
number n of calibration pictures, whatever the distribution of the scores
(Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World"; see also arXiv 2107.07511).
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Verdict = Literal["OK", "NG"]


@dataclass(frozen=True)
class Threshold:
    """A picture whose score is above `score` is NG.

    Attributes:
        score: The image score that a good picture may have at most.
        asked_rate: The false reject rate that was asked for, in (0, 1).
        guaranteed_rate: What holds: a new good picture is rejected with at most this probability.
    """

    score: float
    asked_rate: float
    guaranteed_rate: float

    @property
    def keeps_rate(self) -> bool:
        """Whether the rate that was asked for is guaranteed."""
        return self.guaranteed_rate <= self.asked_rate


@dataclass(frozen=True)
class Calibration:
    """Scores of good pictures that the model was not trained on, and the rates to judge by.

    Attributes:
        scores: Image scores, ascending, at least one.
        pixel_threshold: The map value above which a pixel belongs to a region.
        false_reject_rate: The share of good pictures, in (0, 1), that may be judged NG.

    Raises:
        ValueError: When a value is outside its range.

    >>> calibration = Calibration(scores=tuple(float(i) for i in range(1, 100)), pixel_threshold=3.0)
    >>> calibration.p_value(98.5), calibration.verdict(98.5)
    (0.02, 'OK')
    >>> calibration.p_value(99.5), calibration.verdict(99.5)
    (0.01, 'NG')
    """

    scores: tuple[float, ...]
    pixel_threshold: float
    false_reject_rate: float = 0.01

    def __post_init__(self) -> None:
        if not self.scores:
            raise ValueError("scores must hold at least one calibration score; got none")
        if not all(map(math.isfinite, self.scores)):
            raise ValueError("scores must be finite")
        if any(low > high for low, high in zip(self.scores, self.scores[1:], strict=False)):
            raise ValueError("scores must be ascending")
        if not math.isfinite(self.pixel_threshold):
            raise ValueError(f"pixel_threshold must be finite; got {self.pixel_threshold}")
        _check_rate(self.false_reject_rate)

    def p_value(self, score: float) -> float:
        """The conformal p-value (1 + #{calibration scores ≥ score}) / (n + 1), in (0, 1].

        A new good picture gets a p-value of at most r with probability at most r, for every r.
        """
        n = len(self.scores)
        return (1 + n - bisect_left(self.scores, score)) / (n + 1)

    def threshold(self, rate: float | None = None) -> Threshold:
        """The smallest threshold that rejects a new good picture with probability ≤ `rate`.

        It is the ⌈(n + 1)(1 - rate)⌉-th smallest calibration score. Where that is beyond the n-th,
        n is too small for the rate (`needed` says what would do): the largest calibration score is
        given instead, and its `guaranteed_rate`, 1/(n + 1), is then above the rate.

        Args:
            rate: False reject rate in (0, 1); the calibration's own where it is not given.

        Raises:
            ValueError: When the rate is outside (0, 1).
        """
        rate = self.false_reject_rate if rate is None else rate
        n = len(self.scores)
        # ⌈(n + 1)(1 - rate)⌉ = n + 1 - ⌊(n + 1) rate⌋: the calibration pictures that may lie above, plus one.
        above = max(1, math.floor((n + 1) * _exact(rate)))
        return Threshold(score=self.scores[n - above], asked_rate=rate, guaranteed_rate=above / (n + 1))

    def needed(self, rate: float | None = None) -> int:
        """The number of calibration pictures from which on `rate` can be guaranteed: ⌈1/rate⌉ - 1.

        Raises:
            ValueError: When the rate is outside (0, 1).
        """
        return math.ceil(1 / _exact(self.false_reject_rate if rate is None else rate)) - 1

    def verdict(self, score: float) -> Verdict:
        """`NG` where the score is above the threshold of the calibration's own rate, `OK` elsewhere."""
        return "NG" if score > self.threshold().score else "OK"


def _check_rate(rate: float) -> None:
    if not 0.0 < rate < 1.0:
        raise ValueError(f"the false reject rate must be between 0 and 1 (0.01 is 1 %); got {rate}")


def _exact(rate: float) -> Fraction:
    # The decimal that a person wrote: 0.07 as a float is a little above 7/100, and times 100 it would not
    # be 7. One calibration picture more or less hangs on that.
    _check_rate(rate)
    return Fraction(repr(float(rate)))
