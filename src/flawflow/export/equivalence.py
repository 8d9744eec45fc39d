"""How far a model's export is from the model: figures and what they may be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flawflow.datasets import Sample
from flawflow.decision.calibration import Calibration
from flawflow.errors import ImageError
from flawflow.images import read_image, resize_image
from flawflow.inspection.calibrate import Measurement
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.metrics import Evaluation, ScoredImage, Thresholds, evaluate_maps

# A quarter of the colormap range is half of the way from a good part's background to the pixel threshold.
MAX_MAP_DIFFERENCE = 0.25
MIN_RANK_CORRELATION = 0.98
# One picture may always be judged otherwise: it may lie next to a threshold.
MAX_FLIPPED_SHARE = 0.02
# Of image AUROC, pixel AUROC and AUPRO.
MAX_METRIC_LOSS = 0.005

T = TypeVar("T")

Step = Callable[[int, int], None]
"""Called after each picture with (done, all)."""


@dataclass(frozen=True)
class Both:
    """One picture by the model and by its export.

    Attributes:
        before: What the model says.
        after: What the export says.
        map_difference: The largest difference of their anomaly maps, as a share of the heat map's scale.
    """

    before: Measurement
    after: Measurement
    map_difference: float


@dataclass(frozen=True)
class Check:
    """A figure and its limit.

    Attributes:
        name: What is measured.
        figure: As it is shown.
        limit: As it is shown.
        holds: Whether the figure is within the limit.
    """

    name: str
    figure: str
    limit: str
    holds: bool


@dataclass(frozen=True)
class Pair:
    """A model and its export."""

    before: Inspector
    after: Inspector

    def measure(self, path: Path) -> tuple[Both, NDArray[np.float32], NDArray[np.float32]]:
        """Measure one picture; gives both maps, too."""
        picture = read_image(path)
        prepared = resize_image(picture, self.before.card.size)
        before, after = (each.measure_prepared(picture, prepared) for each in (self.before, self.after))
        both = Both(
            Measurement.of(path, prepared, before, self.before.roi_mask),
            Measurement.of(path, prepared, after, self.after.roi_mask),
            self.difference(before[0], after[0]),
        )
        return both, before[0], after[0]

    def difference(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
        """The largest difference of two maps, as a share of the heat map's scale."""
        low, high = self.before.card.colormap_range
        return float(np.abs(after - before).max()) / (high - low)


def measure_good(pair: Pair, pictures: Sequence[Path], step: Step) -> tuple[list[Both], list[str]]:
    """Measure good pictures; gives the measurements, and a sentence for each that cannot be read."""

    def measured(path: Path) -> Both | str:
        try:
            return pair.measure(path)[0]
        except ImageError as error:
            return str(error)

    found = list(_counted(in_order(measured, pictures), len(pictures), step))
    return [both for both in found if isinstance(both, Both)], [s for s in found if isinstance(s, str)]


def measure_labelled(
    pair: Pair, samples: Sequence[Sample], step: Step
) -> tuple[list[Both], Evaluation, Evaluation]:
    """Measure labelled pictures; gives the measurements, and how good the model and the export are.

    Raises:
        ImageError: When a picture or mask cannot be read.
        MetricError: When the labels do not allow any measurement.
    """

    def measured(sample: Sample) -> tuple[Both, ScoredImage, ScoredImage]:
        both, *maps = pair.measure(sample.path)
        mask = sample.read_mask()
        before, after = (
            ScoredImage(
                is_defective=sample.is_defective,
                defect_type=sample.defect_type,
                score=found.score,
                anomaly_map=anomaly_map,
                mask=mask,
            )
            for found, anomaly_map in zip((both.before, both.after), maps, strict=True)
        )
        return both, before, after

    found = list(_counted(in_order(measured, samples), len(samples), step))
    both, before, after = (list(column) for column in zip(*found, strict=True))
    old, new = (Thresholds.of(each.card.calibration) for each in (pair.before, pair.after))
    return both, evaluate_maps(before, thresholds=old), evaluate_maps(after, thresholds=new)


def check(both: Sequence[Both], before: Calibration, after: Calibration) -> list[Check]:
    """Compare scores, maps and verdicts of pictures.

    Args:
        both: The pictures, at least one.
        before: How the model judges.
        after: How the export judges.
    """
    flipped = sum(
        before.verdict(picture.before.score) != after.verdict(picture.after.score) for picture in both
    )
    allowed = max(1, int(MAX_FLIPPED_SHARE * len(both)))
    difference = max(picture.map_difference for picture in both)
    checks = [
        Check(
            "largest difference of maps",
            f"{difference:.3f}",
            f"at most {MAX_MAP_DIFFERENCE} of the colormap range",
            difference <= MAX_MAP_DIFFERENCE,
        ),
        Check("other verdicts", f"{flipped} of {len(both)}", f"at most {allowed}", flipped <= allowed),
    ]
    correlation = rank_correlation(
        [picture.before.score for picture in both], [picture.after.score for picture in both]
    )
    if correlation is not None:
        holds = correlation >= MIN_RANK_CORRELATION
        least = f"at least {MIN_RANK_CORRELATION}"
        checks.insert(0, Check("rank correlation of scores", f"{correlation:.4f}", least, holds))
    return checks


def check_evaluations(before: Evaluation, after: Evaluation) -> list[Check]:
    """Compare how good the model and its export are on labelled pictures."""
    measures = (
        ("image AUROC", before.image_auroc, after.image_auroc),
        ("pixel AUROC", before.pixel_auroc, after.pixel_auroc),
        ("AUPRO", before.aupro, after.aupro),
    )
    return [
        Check(
            name,
            f"{100 * old:.2f} → {100 * new:.2f} %",
            f"at most {100 * MAX_METRIC_LOSS:g} points less",
            new >= old - MAX_METRIC_LOSS,
        )
        for name, old, new in measures
        if old is not None and new is not None
    ]


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float | None:
    """Spearman's rank correlation, with mid-ranks for ties; None where all of one are equal.

    >>> rank_correlation([1, 2, 3], [0.1, 0.5, 0.9]), rank_correlation([1, 2], [5, 5])
    (1.0, None)
    """
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (first, second)]
    centred = [rank - rank.mean() for rank in ranks]
    size = float(np.sqrt(np.square(centred[0]).sum() * np.square(centred[1]).sum()))
    return float(centred[0] @ centred[1]) / size if size > 0 else None


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return ranks


def _counted(found: Iterator[T], total: int, step: Step) -> Iterator[T]:
    for done, item in enumerate(found, start=1):
        yield item
        step(done, total)
