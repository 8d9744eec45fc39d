"""What a score means: measured on good pictures that the model was not trained on.

The one assumption is that a new good picture is exchangeable with the calibration pictures (the
same part, camera and light). Then split conformal prediction gives guarantees for any finite
number n of calibration pictures, whatever the distribution of the scores
(Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World"; see also arXiv 2107.07511).
"""

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal, Self

from flawflow.decision.threshold import Threshold, check_rate, find_threshold, images_needed
from flawflow.typed import json_key

Verdict = Literal["OK", "REVIEW", "NG"]

# Rates that follow from a threshold are rounded to millionths.
_RATE_STEPS = 1_000_000


@dataclass(frozen=True)
class Calibration:
    """Scores of good pictures that the model was not trained on, and the rates to judge by.

    Where pictures are few, the model is one of several that each left out another part of them
    (cross-fitting). `scores` are then those of its own fold, and `out_of_fold` are those of the other folds,
    each by the model that left it out. What is guaranteed rests on `scores` alone: only they are exchangeable
    with the score of a new picture. A threshold also lets no more of all n scores stand above it than the
    rate allows, which is what the share of rejected good pictures is seen to follow.

    Attributes:
        scores: Image scores of good pictures by this model, ascending, at least one.
        pixel_threshold: The map value above which a pixel belongs to a region.
        false_reject_rate: The share of good pictures, in (0, 1), that may be judged NG.
        review_rate: The share of good pictures, in (0, 1), that may be judged NG or REVIEW; at least
            `false_reject_rate`. Where the two are equal no picture is REVIEW; where they are not, REVIEW
            begins at least one calibration score below NG, even where that takes more than this rate.
        out_of_fold: Image scores of further good pictures by models that were trained like this one, on as
            many pictures, but without them; ascending.

    Raises:
        ValueError: When a value is outside its range.

    >>> calibration = Calibration(scores=tuple(float(i) for i in range(1, 100)), pixel_threshold=3.0)
    >>> calibration.p_value(94.5), calibration.verdict(94.5)
    (0.06, 'OK')
    >>> calibration.p_value(98.5), calibration.verdict(98.5)
    (0.02, 'REVIEW')
    >>> calibration.p_value(99.5), calibration.verdict(99.5)
    (0.01, 'NG')
    """

    scores: tuple[float, ...]
    pixel_threshold: float
    false_reject_rate: float = 0.01
    review_rate: float = 0.05
    out_of_fold: tuple[float, ...] = field(default=(), metadata=json_key("others"))

    @classmethod
    def measured(
        cls,
        scores: Iterable[float],
        maxima: Iterable[float],
        *,
        out_of_fold: Iterable[float] = (),
        out_of_fold_maxima: Iterable[float] = (),
        false_reject_rate: float = 0.01,
        review_rate: float = 0.05,
    ) -> Self:
        """Calibrate by what a model says about good pictures that it was not trained on.

        The pixel threshold is that of `review_rate` among the peaks: a new good picture has a pixel above it
        with probability at most `review_rate`, where the pictures are enough.

        Args:
            scores: Their image scores, in any order.
            maxima: The largest values of their anomaly maps.
            out_of_fold: As of the attribute, in any order.
            out_of_fold_maxima: The largest values of those pictures' maps.
            false_reject_rate: As of the attribute.
            review_rate: As of the attribute.

        Raises:
            ValueError: When there is no picture, or a value is outside its range.
        """
        own, other = _ascending(maxima), _ascending(out_of_fold_maxima)
        if not own or not all(map(math.isfinite, own + other)):
            raise ValueError("a calibration needs good pictures, at least one, with finite anomaly maps")
        return cls(
            scores=_ascending(scores),
            pixel_threshold=find_threshold(review_rate, own, _ascending(own + other)).score,
            false_reject_rate=false_reject_rate,
            review_rate=review_rate,
            out_of_fold=_ascending(out_of_fold),
        )

    def __post_init__(self) -> None:
        if not self.scores:
            raise ValueError("scores must hold at least one calibration score; got none")
        for name, scores in (("scores", self.scores), ("others", self.out_of_fold)):
            if not all(map(math.isfinite, scores)):
                raise ValueError(f"{name} must be finite")
            if any(low > high for low, high in itertools.pairwise(scores)):
                raise ValueError(f"{name} must be ascending")
        if not math.isfinite(self.pixel_threshold):
            raise ValueError(f"pixel_threshold must be finite; got {self.pixel_threshold}")
        check_rate(self.false_reject_rate)
        check_rate(self.review_rate)
        if self.review_rate < self.false_reject_rate:
            raise ValueError(
                "the review rate (NG and REVIEW together) must be at least the false reject rate (NG alone); "
                f"got {self.review_rate} and {self.false_reject_rate}"
            )

    def with_rates(self, *, false_reject_rate: float | None = None, review_rate: float | None = None) -> Self:
        """The same scores, judged at other rates.

        A rate that is not given stays, but a review rate that stays is raised to the false reject rate
        where it would be below it: then no picture is REVIEW.

        Raises:
            ValueError: When a rate is outside (0, 1), or a given review rate is below the false reject rate.
        """
        reject = self.false_reject_rate if false_reject_rate is None else false_reject_rate
        review = max(self.review_rate, reject) if review_rate is None else review_rate
        return replace(self, false_reject_rate=reject, review_rate=review)

    @cached_property
    def all_scores(self) -> tuple[float, ...]:
        """`scores` and `out_of_fold` together, ascending: n numbers."""
        return _ascending(self.scores + self.out_of_fold) if self.out_of_fold else self.scores

    def p_value(self, score: float) -> float:
        """The conformal p-value (1 + #{calibration scores ≥ score}) / (n + 1), in (0, 1].

        A new good picture gets a p-value of at most r with probability at most r, for every r. Where the
        model was cross-fitted it is about r, and at most ⌊r·(n + 1)⌋/(m + 1) with the m of `scores`.
        """
        n = len(self.all_scores)
        return (1 + n - bisect_left(self.all_scores, score)) / (n + 1)

    def threshold(self, rate: float | None = None) -> Threshold:
        """The smallest threshold that a new good picture exceeds with probability ≤ `rate`.

        It is the ⌈(n + 1)(1 - rate)⌉-th smallest calibration score. Where that is beyond the n-th,
        n is too small for the rate (`needed` says what would do): the largest calibration score is
        given instead, and its `guaranteed_rate`, 1/(n + 1), is then above the rate.

        Where the model was cross-fitted, it is the larger of that of `scores`, which alone has the
        guarantee, and that of all scores, whose rate is the expected one.

        Args:
            rate: In (0, 1); the false reject rate where it is not given.

        Raises:
            ValueError: When the rate is outside (0, 1).
        """
        return find_threshold(self.false_reject_rate if rate is None else rate, self.scores, self.all_scores)

    def review_threshold(self) -> Threshold:
        """The threshold of `review_rate`: a picture above it is REVIEW, if not NG.

        With few pictures both rates would have one threshold, and no picture would ever be REVIEW. So it is
        at least one calibration score lower, unless there is only one or the two rates are equal.
        """
        return find_threshold(self.review_rate, self.scores, self.all_scores, under=self._band)

    @property
    def _band(self) -> float | None:
        """The rate of NG, which REVIEW stays a rank below; None where no picture is to be REVIEW."""
        return self.false_reject_rate if self.review_rate > self.false_reject_rate else None

    def needed(self, rate: float | None = None) -> int:
        """The number of calibration pictures from which on `rate` can be guaranteed: ⌈1/rate⌉ - 1.

        Args:
            rate: In (0, 1); the false reject rate where it is not given.

        Raises:
            ValueError: When the rate is outside (0, 1).
        """
        return images_needed(self.false_reject_rate if rate is None else rate)

    def needed_for_review(self) -> int:
        """The number of calibration pictures from which on `review_rate` can be guaranteed beside NG's."""
        return images_needed(self.review_rate, under=self._band)

    def rate_above(self, score: float) -> float:
        """The rate whose threshold is the highest that is not above `score`; the lowest one where all are.

        It is (1 + #{calibration scores > score}) / (n + 1), rounded up in the sixth digit, so that it can be
        written down and still means the same threshold. Where the model was cross-fitted, it is the larger
        of what `scores` and all scores say, since both have a part in a threshold; the highest score of a
        set has its part at any rate, however low.

        Args:
            score: Where a person would put a threshold; finite.

        >>> calibration = Calibration(scores=(1.0, 2.0, 3.0, 4.0), pixel_threshold=3.0)
        >>> calibration.rate_above(3.5), calibration.threshold(calibration.rate_above(3.5)).score
        (0.4, 3.0)
        """
        reached = max(score, self.scores[0])
        rank, rank_of_all = (
            1 + len(scores) - bisect_right(scores, reached) for scores in (self.scores, self.all_scores)
        )
        rate = Fraction(rank_of_all, len(self.all_scores) + 1)
        if rank > 1:
            rate = max(rate, Fraction(rank, len(self.scores) + 1))
        return math.ceil(rate * _RATE_STEPS) / _RATE_STEPS

    def attainable(self) -> tuple[float, ...]:
        """The scores that are the threshold of some rate, ascending: where a threshold can be put.

        Of a cross-fitted model not every calibration score is one, since both sets decide.
        """
        if not self.out_of_fold:
            return tuple(sorted(set(self.scores)))
        return tuple(sorted({self.threshold(self.rate_above(score)).score for score in self.all_scores}))

    def verdict(self, score: float) -> Verdict:
        """`NG` or `REVIEW` where the score is above the threshold of its rate, `OK` elsewhere.

        A new good picture is NG with probability at most `threshold().guaranteed_rate`, and NG or
        REVIEW with probability at most `review_threshold().guaranteed_rate`.
        """
        if score > self.threshold().score:
            return "NG"
        return "REVIEW" if score > self.review_threshold().score else "OK"


def _ascending(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted(map(float, values)))
