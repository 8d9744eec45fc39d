"""All pixel measures from one pass over the anomaly maps."""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics.pixel_result import FPR_LIMIT, PixelResult, Tally, measured
from flawflow.metrics.saturation import DefectRegion, saturated_shares
from flawflow.metrics.score_counts import truncated
from flawflow.metrics.shares import Shares, shares_of


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
    values are repeated. Pixel AUROC, average precision and F1 are of areas likewise.

    Defects that are marked one by one, each perhaps with a saturation, are measured beside the regions of the
    mask, which is then that of all of them: the mean of their saturated overlaps (`saturated_shares`) takes
    the place of PRO, and false positives are the same.

    Up to `budget` pixels every score is kept as float32 and the measures are exact (a float64 map
    is rounded to float32 first). Beyond it equal scores are merged, and where that does not make
    enough room the lowest bits of the float32 scores are cleared, as few as possible; scores that
    become equal count as ties. With b bits cleared a score moves by less than 2^(b - 23) of
    itself, and an AUROC or AUPRO by at most the defect mass tied with good pixels;
    `PixelResult.error` gives that bound for the data at hand. Memory: about 4 bytes a good and 20
    bytes a defect pixel held, up to three times as much while values are merged.

    Pictures may be added under a group (a defect type), and groups measured together or apart.
    """

    def __init__(
        self, *, fpr_limit: float = FPR_LIMIT, threshold: float | None = None, budget: int = 2**26
    ) -> None:
        """Begin with nothing seen.

        Args:
            fpr_limit: Upper end of the false positive rates that AUPRO looks at, in (0, 1].
            threshold: The map value above which a pixel is called a defect, for `PixelResult.f1`.
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
        self._threshold = threshold
        self._tallies: dict[Hashable, Tally] = {}

    def update(
        self,
        anomaly_map: NDArray[np.floating],
        mask: NDArray[np.bool_] | None = None,
        *,
        group: Hashable = None,
        defects: Sequence[DefectRegion] = (),
    ) -> None:
        """Add one picture.

        Args:
            anomaly_map: (H, W) finite floats, higher is more anomalous.
            mask: (H', W') bool, True on defects, of any size; None where every pixel is good.
            group: What to file the picture under.
            defects: The picture's defects one by one, where they are known; `mask` has all of them.

        Raises:
            MetricError: A shape or type does not fit, or a value is not finite.
        """
        whole = _checked(anomaly_map, mask)
        shares = shares_of(mask, whole.shape) if mask is not None and mask.any() else None
        tally = self._tallies.setdefault(group, Tally.empty())
        held = tally.held
        if self._threshold is not None:
            tally.judged[:] += _judged(whole.ravel() > self._threshold, shares)
        scores = truncated(whole, self._dropped_bits).ravel()
        _add(scores, shares, tally)
        for defect in defects:
            if defect.mask.any():
                tally.saturated.add(*_saturated(scores, whole.shape, defect))
        self._held += tally.held - held
        if self._held > self._budget:
            self._pack()

    def result(self, groups: Collection[Hashable] | None = None) -> PixelResult:
        """Measure all that was added, or some groups of it.

        Args:
            groups: The groups to measure together; None for all. A group never added is empty.

        Raises:
            MetricError: No defect pixel or no good pixel is among them.
        """
        chosen = self._tallies.keys() if groups is None else groups
        return measured(
            [self._tallies[group] for group in chosen if group in self._tallies],
            fpr_limit=self._fpr_limit,
            has_threshold=self._threshold is not None,
            is_exact=self._dropped_bits == 0,
        )

    def _pack(self) -> None:
        """Merge equal scores; clear bits until half of the budget is free, so that packing stays rare."""
        while True:
            for tally in self._tallies.values():
                tally.pack(self._dropped_bits)
            self._held = sum(tally.held for tally in self._tallies.values())
            if self._held <= self._budget // 2 or self._dropped_bits == 31:
                return
            self._dropped_bits += 1


def _add(scores: NDArray[np.float32], shares: Shares | None, tally: Tally) -> None:
    if shares is None:
        tally.good.add(scores)
        return
    tally.good.add(scores[shares.good == 1])
    partly = (shares.good > 0) & (shares.good < 1)
    tally.good.add_parts(scores[partly], shares.good[partly])
    tally.defect.add(scores[shares.cells], shares.areas, shares.of_region, shares.regions)


def _saturated(
    scores: NDArray[np.float32], size: tuple[int, ...], defect: DefectRegion
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64], int]:
    found, shares = saturated_shares(scores, (size[0], size[1]), defect)
    # Areas are those of the mask's regions; here only shares count.
    return found, np.zeros(len(found)), shares, 1


def _judged(called: NDArray[np.bool_], shares: Shares | None) -> NDArray[np.float64]:
    """[hits, alarms, defect pixels], areas, of pixels that are called defects or not."""
    if shares is None:
        return np.array([0.0, np.count_nonzero(called), 0.0])
    hits = shares.areas[called[shares.cells]].sum()
    return np.array([hits, shares.good[called].sum(), shares.areas.sum()])


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
