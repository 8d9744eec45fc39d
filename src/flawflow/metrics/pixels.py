"""Pixel AUROC, pixel average precision and AUPRO from one pass over the anomaly maps."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics import curve
from flawflow.metrics.score_counts import DefectScoreCounts, GoodScoreCounts, truncated
from flawflow.metrics.shares import Shares, shares_of

FPR_LIMIT = 0.3


@dataclass(frozen=True)
class PixelResult:
    """What anomaly maps are worth against their masks.

    Attributes:
        auroc: Probability that a defect pixel scores higher than a good one, in [0, 1].
        average_precision: Sum of precision · gain in recall over pixels, in (0, 1].
        aupro: Mean per-region overlap over false positive rates up to the limit, in [0, 1].
        region_count: Number of ground-truth regions.
        error: No measure above is further than this from the exact one; 0 where scores were kept whole.
    """

    auroc: float
    average_precision: float
    aupro: float
    region_count: int
    error: float


class PixelMeasures:
    """Measures maps against masks picture by picture, in bounded memory.

    With t running over every distinct score,

        FPR(t) = fraction of non-defect pixels, over all pictures, whose score is ≥ t
        PRO(t) = mean over all ground-truth regions of |region ∩ {map ≥ t}| / |region|

    and AUPRO is the area under PRO against FPR in [0, limit], by trapezoids with linear
    interpolation at the limit, divided by the limit. Regions are 8-connected.

    A mask may have another size than its map. It is never resized: its regions are found at its own size,
    and each of its pixels gets the score of the map's pixel in which its centre lies. Every pixel of a map
    counts as the area 1, and one that a mask's edge crosses in parts, as good and as defect (`shares_of`).
    Where a mask has a whole multiple of its map's size, that is to measure at the mask's size the map whose
    values are repeated. Pixel AUROC and average precision are of areas likewise.

    Up to `budget` pixels every score is kept as float32 and the measures are exact (a float64 map
    is rounded to float32 first). Beyond it equal scores are merged, and where that does not make
    enough room the lowest bits of the float32 scores are cleared, as few as possible; scores that
    become equal count as ties. With b bits cleared a score moves by less than 2^(b - 23) of
    itself, and an AUROC or AUPRO by at most the defect mass tied with good pixels;
    `PixelResult.error` gives that bound for the data at hand. Memory: about 4 bytes a good and 20
    bytes a defect pixel held, up to three times as much while values are merged.

    Pictures may be added under a group (a defect type), and groups measured together or apart.
    """

    def __init__(self, *, fpr_limit: float = FPR_LIMIT, budget: int = 2**26) -> None:
        """Begin with nothing seen.

        Args:
            fpr_limit: Upper end of the false positive rates that AUPRO looks at, in (0, 1].
            budget: Number of values to hold at most, at least 1,024.

        Raises:
            MetricError: An option is out of its range.
        """
        if not 0 < fpr_limit <= 1:
            raise MetricError(f"The limit of the false positive rate must lie in (0, 1]; got {fpr_limit}.")
        if budget < 1024:
            raise MetricError(f"Measuring pixels needs a budget of at least 1,024 values; got {budget}.")
        self._fpr_limit = fpr_limit
        self._budget = budget
        self._dropped_bits = 0
        self._held = 0
        self._good: dict[Hashable, GoodScoreCounts] = {}
        self._defect: dict[Hashable, DefectScoreCounts] = {}

    def update(
        self,
        anomaly_map: NDArray[np.floating],
        mask: NDArray[np.bool_] | None = None,
        *,
        group: Hashable = None,
    ) -> None:
        """Add one picture.

        Args:
            anomaly_map: (H, W) finite floats, higher is more anomalous.
            mask: (H', W') bool, True on defects, of any size; None where every pixel is good.
            group: What to file the picture under.

        Raises:
            MetricError: A shape or type does not fit, or a value is not finite.
        """
        scores = truncated(_checked(anomaly_map, mask), self._dropped_bits)
        good = self._good.setdefault(group, GoodScoreCounts())
        defect = self._defect.setdefault(group, DefectScoreCounts())
        held = good.held + defect.held
        if mask is None or not mask.any():
            good.add(scores.ravel())
        else:
            _add_masked(scores.ravel(), shares_of(mask, scores.shape), good, defect)
        self._held += good.held + defect.held - held
        if self._held > self._budget:
            self._pack()

    def result(self, groups: Collection[Hashable] | None = None) -> PixelResult:
        """Measure all that was added, or some groups of it.

        Args:
            groups: The groups to measure together; None for all. A group never added is empty.

        Raises:
            MetricError: No defect pixel or no good pixel is among them.
        """
        chosen = self._good.keys() if groups is None else groups
        good = [self._good[group] for group in chosen if group in self._good]
        defect = [self._defect[group] for group in chosen if group in self._defect]
        levels, areas, shares = DefectScoreCounts.levels(defect)
        total = sum(tally.total for tally in good)
        if len(levels) == 0 or total == 0:
            missing = "defect" if len(levels) == 0 else "good"
            raise MetricError(
                f"There is no {missing} pixel to measure with; give maps whose masks have both kinds."
            )
        above = np.sum([tally.above(levels) for tally in good], axis=0)
        at_least = np.sum([tally.at_least(levels) for tally in good], axis=0)
        roc = curve.Steps(areas / areas.sum(), above / total, at_least / total)
        pro = curve.Steps(shares / shares.sum(), roc.above, roc.at_least)
        error = 0.0
        if self._dropped_bits:
            error = max(
                roc.area_error(),
                pro.area_error(self._fpr_limit),
                curve.average_precision_error(areas, above, at_least),
            )
        return PixelResult(
            auroc=roc.area(),
            average_precision=curve.average_precision(areas, at_least),
            aupro=pro.area(self._fpr_limit),
            region_count=sum(tally.regions for tally in defect),
            error=error,
        )

    def _pack(self) -> None:
        """Merge equal scores; clear bits until half of the budget is free, so that packing stays rare."""
        while True:
            self._held = 0
            for good, defect in zip(self._good.values(), self._defect.values(), strict=True):
                good.pack(self._dropped_bits)
                defect.pack(self._dropped_bits)
                self._held += good.held + defect.held
            if self._held <= self._budget // 2 or self._dropped_bits == 31:
                return
            self._dropped_bits += 1


def _add_masked(
    scores: NDArray[np.float32], shares: Shares, good: GoodScoreCounts, defect: DefectScoreCounts
) -> None:
    good.add(scores[shares.good == 1])
    partly = (shares.good > 0) & (shares.good < 1)
    good.add_parts(scores[partly], shares.good[partly])
    defect.add(scores[shares.cells], shares.areas, shares.of_region, shares.regions)


def _checked(anomaly_map: NDArray[np.floating], mask: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    if anomaly_map.ndim != 2:
        raise MetricError(f"Expected an anomaly map of shape (H, W); got {anomaly_map.shape}.")
    if mask is not None and (mask.ndim != 2 or mask.size == 0 or mask.dtype != np.bool_):
        raise MetricError(
            f"A mask of shape {mask.shape} and type {mask.dtype} does not fit an anomaly map of shape"
            f" {anomaly_map.shape}; give (height, width) and make it bool."
        )
    # A copy: the caller may use the map's memory again for the next picture.
    with np.errstate(over="ignore"):
        scores = np.array(anomaly_map, dtype=np.float32, order="C")
    if not np.isfinite(scores).all():
        raise MetricError(
            "An anomaly map holds a value that is not a finite float32; find its picture first."
        )
    return scores
