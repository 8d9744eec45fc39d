"""From counted pixels to what anomaly maps are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics import curve
from flawflow.metrics.score_counts import DefectScoreCounts, GoodScoreCounts

FPR_LIMIT = 0.3
STRICT_FPR_LIMIT = 0.05
"""Of MVTec AD 2, and of sPRO: most of what a user sees happens below it."""


@dataclass(frozen=True)
class PixelResult:
    """What anomaly maps are worth against their masks.

    Attributes:
        auroc: Probability that a defect pixel scores higher than a good one, in [0, 1].
        average_precision: Sum of precision · gain in recall over pixels, in (0, 1].
        aupro: Mean per-region overlap over false positive rates up to the limit, in [0, 1].
        aupro_005: The same up to 0.05.
        auspro: Mean saturated overlap of defects that are marked one by one, up to 0.05; None where none are.
        best_f1: The highest F1 of pixels at any threshold, in (0, 1]: an oracle, chosen on the test.
        f1: The F1 of pixels above the threshold that was given, in [0, 1]; None where none was.
        region_count: Number of ground-truth regions.
        error: No measure above is further than this from the exact one; 0 where scores were kept whole.
    """

    auroc: float
    average_precision: float
    aupro: float
    aupro_005: float
    auspro: float | None
    best_f1: float
    f1: float | None
    region_count: int
    error: float


@dataclass(frozen=True, eq=False)
class Tally:
    """The pixels of one group of pictures.

    Attributes:
        good: Pixels of no defect.
        defect: Pixels of the 8-connected regions of the masks.
        saturated: Pixels of the defects that are marked one by one, with saturated shares.
        judged: [hits, alarms, defect pixels] at the threshold, areas.
    """

    good: GoodScoreCounts
    defect: DefectScoreCounts
    saturated: DefectScoreCounts
    judged: NDArray[np.float64]

    @classmethod
    def empty(cls) -> "Tally":
        """Nothing counted."""
        return cls(GoodScoreCounts(), DefectScoreCounts(), DefectScoreCounts(), np.zeros(3))

    @property
    def held(self) -> int:
        """Number of values in memory."""
        return self.good.held + self.defect.held + self.saturated.held

    def pack(self, dropped_bits: int) -> None:
        """Merge equal values after clearing bits."""
        for part in (self.good, self.defect, self.saturated):
            part.pack(dropped_bits)


def measured(
    tallies: Sequence[Tally], *, fpr_limit: float, has_threshold: bool, is_exact: bool
) -> PixelResult:
    """Measure the pixels of several groups together.

    Raises:
        MetricError: No defect pixel or no good pixel is among them.
    """
    levels, areas, shares = DefectScoreCounts.levels(tally.defect for tally in tallies)
    total = sum(tally.good.total for tally in tallies)
    if len(levels) == 0 or total == 0:
        missing = "defect" if len(levels) == 0 else "good"
        raise MetricError(
            f"There is no {missing} pixel to measure with; give maps whose masks have both kinds."
        )
    above, at_least = _good_beyond(tallies, levels)
    roc = curve.Steps(areas / areas.sum(), above / total, at_least / total)
    pro = curve.Steps(shares / shares.sum(), roc.above, roc.at_least)
    spro = _saturated(tallies, total)
    errors = [0.0]
    if not is_exact:
        errors += [roc.area_error(), pro.area_error(fpr_limit), pro.area_error(STRICT_FPR_LIMIT)]
        errors += [] if spro is None else [spro.area_error(STRICT_FPR_LIMIT)]
        errors += [
            error(areas, above, at_least) for error in (curve.average_precision_error, curve.best_f1_error)
        ]
    return PixelResult(
        auroc=roc.area(),
        average_precision=curve.average_precision(areas, at_least),
        aupro=pro.area(fpr_limit),
        aupro_005=pro.area(STRICT_FPR_LIMIT),
        auspro=None if spro is None else spro.area(STRICT_FPR_LIMIT),
        best_f1=curve.best_f1(areas, at_least),
        f1=_f1(sum(tally.judged for tally in tallies)) if has_threshold else None,
        region_count=sum(tally.defect.regions for tally in tallies),
        error=max(errors),
    )


def _saturated(tallies: Sequence[Tally], total: float) -> curve.Steps | None:
    """The curve of the saturated overlap; None where no defects are marked one by one."""
    levels, _, shares = DefectScoreCounts.levels(tally.saturated for tally in tallies)
    if len(levels) == 0:
        return None
    above, at_least = _good_beyond(tallies, levels)
    return curve.Steps(shares / shares.sum(), above / total, at_least / total)


def _good_beyond(
    tallies: Sequence[Tally], levels: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many good pixels are strictly above each level, and how many at least there."""
    above = np.sum([tally.good.above(levels) for tally in tallies], axis=0)
    at_least = np.sum([tally.good.at_least(levels) for tally in tallies], axis=0)
    return above, at_least


def _f1(judged: NDArray[np.float64] | int) -> float:
    hits, alarms, defects = np.asarray(judged, np.float64)
    return float(2 * hits / (hits + alarms + defects))
