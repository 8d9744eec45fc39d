"""From the records of runs to the rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from flawflow.compare.plan import Variant
from flawflow.compare.record import RunRecord

MEASURES = (
    "image_auroc", "pixel_auroc", "aupro", "aupro_005",
    "train_seconds", "milliseconds", "megabytes", "parameters",
)  # fmt: skip
# A map that is constant on a picture says nothing of places, whatever the measure would give.
_PIXEL_MEASURES = ("pixel_auroc", "aupro", "aupro_005")
MEAN = "mean"


@dataclass(frozen=True)
class Figure:
    """A measure over seeds.

    Attributes:
        mean: None where it cannot be measured.
        deviation: Sample standard deviation over seeds; None where there is one seed.
        interval: 95 % interval over pictures, its ends averaged over seeds; None where there is none.
    """

    mean: float | None
    deviation: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Row:
    """One variant on one category, on the mean of all, or on the frames of several scenes together.

    Attributes:
        category: Its name, or `MEAN`.
        variant: How was trained.
        seeds: How many seeds count.
        figures: By measure.
        scenes: How many scenes were ranked in one list; 0 for a category and the mean.
        size: (height, width) of the models' input; None for the mean, whose categories may differ.
    """

    category: str
    variant: Variant
    seeds: int
    figures: Mapping[str, Figure]
    scenes: int = 0
    size: tuple[int, int] | None = None


def summarise(
    variants: Sequence[Variant],
    categories: Sequence[str],
    found: Sequence[tuple[Variant, RunRecord]],
    together: Sequence[Row] = (),
) -> list[Row]:
    """The rows of the mean (where there are several categories), of scenes together, and of each category.

    The mean's deviation is that of the seeds' own means. A seed counts for the mean when it is finished
    on all categories.

    Args:
        variants: In the order of the rows.
        categories: Names of the data sets in their order.
        found: The records of finished runs, each with its variant.
        together: Rows that stand between the two.
    """
    rows: list[Row] = []
    if len(categories) > 1:
        rows += [_mean_row(variant, categories, _by_seed(variant, found)) for variant in variants]
    rows += together
    for category in categories:
        for variant in variants:
            records = [record for owner, record in found if owner == variant and record.category == category]
            figures = {name: figure_of([_value(record, name) for record in records]) for name in MEASURES}
            figures["image_auroc"] = replace(figures["image_auroc"], interval=_interval(records))
            size = records[0].size if records else None
            rows.append(Row(category, variant, len(records), figures, size=size))
    return [row for row in rows if row.seeds]


def _by_seed(variant: Variant, found: Sequence[tuple[Variant, RunRecord]]) -> dict[int, list[RunRecord]]:
    seeds: dict[int, list[RunRecord]] = {}
    for owner, record in found:
        if owner == variant:
            seeds.setdefault(record.seed, []).append(record)
    return seeds


def _mean_row(variant: Variant, categories: Sequence[str], seeds: Mapping[int, list[RunRecord]]) -> Row:
    whole = [records for records in seeds.values() if len(records) == len(categories)]
    figures = {
        name: figure_of([_mean([_value(record, name) for record in records]) for records in whole])
        for name in MEASURES
    }
    return Row(MEAN, variant, len(whole), figures)


def _value(record: RunRecord, name: str) -> float | None:
    if name in _PIXEL_MEASURES and not record.localises:
        return None
    value: float | None = getattr(record, name)
    return value


def _interval(records: Sequence[RunRecord]) -> tuple[float, float] | None:
    ends = [record.image_auroc_interval for record in records]
    return (fmean(low for low, _ in ends), fmean(high for _, high in ends)) if ends else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def figure_of(values: Sequence[float | None]) -> Figure:
    """The mean and deviation of a measure over seeds; none where one of the values is missing."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return Figure(None)
    return Figure(fmean(known), stdev(known) if len(known) > 1 else None)
