"""How much each variant differs from the first one, and whether other test pictures could turn it round."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from flawflow.compare.plan import Variant
from flawflow.compare.runner import Outcome, counts_file
from flawflow.compare.summary import MEAN
from flawflow.errors import MetricError
from flawflow.metrics import curve
from flawflow.metrics.resampling import MEASURES, SetCounts, resampled_differences


@dataclass(frozen=True)
class Difference:
    """One measure of a variant less that of the first one, on the same pictures.

    Attributes:
        value: In [-1, 1].
        interval: Its 95 % interval by bootstrap over pictures.
    """

    value: float
    interval: tuple[float, float]

    @property
    def is_tie(self) -> bool:
        """Whether other pictures of the same kinds could as well favour the other variant."""
        return self.interval[0] <= 0 <= self.interval[1]


@dataclass(frozen=True)
class DifferenceRow:
    """The differences of one variant from the first one.

    Attributes:
        category: Its name, or `MEAN`.
        variant: Which differs.
        reference: The first variant.
        measures: By measure; None where it cannot be given.
    """

    category: str
    variant: Variant
    reference: Variant
    measures: Mapping[str, Difference | None]


def differences(
    variants: Sequence[Variant], categories: Sequence[str], outcomes: Sequence[Outcome], folder: Path
) -> list[DifferenceRow]:
    """The rows of the mean (where there are several categories), then those of each category.

    Compared are the seeds that both variants have. A run whose counts are missing or damaged has no part.

    Args:
        variants: In the order of the rows; the first is the reference.
        categories: Names of the data sets in their order.
        outcomes: Of the finished runs.
        folder: Of the comparison.
    """
    reference, *rest = variants
    drawn = {
        (category, variant.label): _drawn(variant, reference, category, outcomes, folder)
        for category in categories
        for variant in rest
    }
    rows = []
    if len(categories) > 1:
        for variant in rest:
            of_all = [drawn[category, variant.label] for category in categories]
            known = [draws for draws in of_all if draws is not None]
            if len(known) == len(of_all):
                rows.append(_row(MEAN, variant, reference, np.mean(known, axis=0)))
    for category in categories:
        for variant in rest:
            draws = drawn[category, variant.label]
            if draws is not None:
                rows.append(_row(category, variant, reference, draws))
    return rows


def _drawn(
    variant: Variant, reference: Variant, category: str, outcomes: Sequence[Outcome], folder: Path
) -> curve.Floats | None:
    """Resampled differences over the seeds that both have; None where there is none."""
    seeds: list[dict[int, Path]] = [{}, {}]
    for side, owner in zip(seeds, (variant, reference), strict=True):
        for outcome in outcomes:
            if outcome.run.variant == owner and outcome.run.dataset.name == category and outcome.record:
                file = counts_file(outcome.run, folder)
                with suppress(MetricError):
                    SetCounts.load(file)
                    side[outcome.run.seed] = file
    common = sorted(seeds[0].keys() & seeds[1].keys())
    if not common:
        return None
    draws = _resampled(*(tuple(side[seed] for seed in common) for side in seeds)).copy()
    if not variant.recipe.detector.kind.localises or not reference.recipe.detector.kind.localises:
        draws[:, 1:] = np.nan
    return draws


@cache
def _resampled(ours: tuple[Path, ...], others: tuple[Path, ...]) -> curve.Floats:
    """Resample once: tables are written after every run, and what a finished run counted never changes."""
    return resampled_differences(*([SetCounts.load(file) for file in files] for files in (ours, others)))


def _row(category: str, variant: Variant, reference: Variant, draws: curve.Floats) -> DifferenceRow:
    measures: dict[str, Difference | None] = {}
    for column, name in enumerate(MEASURES):
        values = draws[:, column]
        # A draw without a defect region has no map measure; where that happens often no interval is given.
        known = values[1:][np.isfinite(values[1:])]
        if not np.isfinite(values[0]) or len(known) < 0.9 * (len(values) - 1):
            measures[name] = None
            continue
        low, high = np.quantile(known, [0.025, 0.975])
        measures[name] = Difference(float(values[0]), (float(low), float(high)))
    return DifferenceRow(category, variant, reference, measures)
