"""How good a detector is on a set of pictures: the numbers of a table's row."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics.at_threshold import AtThreshold, Thresholds
from flawflow.metrics.pixel_result import PixelResult
from flawflow.metrics.pixels import PixelMeasures
from flawflow.metrics.ranking import auroc, auroc_interval, average_precision
from flawflow.metrics.saturation import DefectRegion

_GOOD = None  # the group of all good pictures; a defect type is a string


@dataclass(frozen=True)
class ScoredImage:
    """One inspected picture and the truth about it.

    Attributes:
        is_defective: The truth.
        defect_type: What kind of defect; "good" where there is none.
        score: The picture's score, finite, higher is more anomalous.
        anomaly_map: (H, W) float32, finite; None where pixels are not to be measured.
        mask: (H', W') bool, True on defects, at its own size (see `PixelMeasures`). None means: all pixels
            are good in a good picture, and nobody knows in a defective one, which then counts for the picture
            measures only.
        defects: The defects one by one, where the data set marks them so; `mask` has all of them.
    """

    is_defective: bool
    defect_type: str
    score: float
    anomaly_map: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None
    defects: Sequence[DefectRegion] = ()


@dataclass(frozen=True)
class DefectEvaluation:
    """One defect type's pictures against all good ones.

    Attributes:
        image_count: Pictures with this defect.
        masked_count: Those of them with a mask and a map.
        region_count: Connected defect regions in these masks.
        image_auroc: In [0, 1].
        pixel_auroc: In [0, 1]; None, like the next two, where no mask shows a defect.
        aupro: In [0, 1].
        pixel_average_precision: In (0, 1].
        aupro_005: As of `Evaluation`.
        auspro: As of `Evaluation`.
        recall: The share of these pictures that the model's threshold rejects, in [0, 1]; None without one.
    """

    image_count: int
    masked_count: int
    region_count: int
    image_auroc: float
    pixel_auroc: float | None
    aupro: float | None
    pixel_average_precision: float | None = None
    aupro_005: float | None = None
    auspro: float | None = None
    recall: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """All pictures together and, in `per_defect`, each defect type against all good pictures.

    Attributes:
        image_count: All pictures, good ones included.
        defect_count: Defective pictures.
        image_auroc: In [0, 1].
        image_auroc_interval: The ends of what other pictures of the same kinds would give, with 95 %
            confidence (`auroc_interval`).
        image_average_precision: In (0, 1].
        at_threshold: What the model's threshold of pictures comes to; None where none was given.
        pixel_auroc: In [0, 1]; None, like all measures of pixels, where no mask shows a defect.
        pixel_average_precision: In (0, 1].
        aupro: Per-region overlap up to a false positive rate of 0.3, in [0, 1].
        aupro_005: The same up to 0.05, as MVTec AD 2 has it.
        auspro: Saturated per-region overlap up to 0.05, as MVTec LOCO AD has it (`saturated_shares`); None
            where defects are not marked one by one.
        segf1: F1 of pixels at the model's own threshold of maps, in [0, 1]; None where none was given.
        oracle_segf1: F1 of pixels at the best of all thresholds, which takes the truth to choose: no model
            can be run so, and it bounds what another threshold could bring.
        pixel_error: How far pixel measures can be from exact: 0 unless the set was too large to keep.
        per_defect: By defect type, in alphabetical order.
        left_out: Pictures and masks that could not be used, a sentence each.
        notes: Further sentences about pictures and masks that a person should read.
    """

    image_count: int
    defect_count: int
    image_auroc: float
    image_auroc_interval: tuple[float, float]
    image_average_precision: float
    at_threshold: AtThreshold | None
    pixel_auroc: float | None
    pixel_average_precision: float | None
    aupro: float | None
    aupro_005: float | None
    auspro: float | None
    segf1: float | None
    oracle_segf1: float | None
    pixel_error: float | None
    per_defect: dict[str, DefectEvaluation]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain Python values that JSON can hold."""
        lists = ("image_auroc_interval", "left_out", "notes")
        content = asdict(self) | {name: [*getattr(self, name)] for name in lists}
        if self.at_threshold is not None:
            intervals = ("false_reject_interval", "recall_interval")
            content["at_threshold"] |= {name: [*getattr(self.at_threshold, name)] for name in intervals}
        return content


def evaluate_maps(records: Iterable[ScoredImage], *, thresholds: Thresholds | None = None) -> Evaluation:
    """Measure inspected pictures against the truth, one by one, without keeping their maps.

    Args:
        records: Good and defective pictures in any order. Maps may differ in size, but should be
            at one resolution: a picture with more pixels weighs more.
        thresholds: By what the model judges, to measure what they come to.

    Returns:
        Picture and pixel measures. None stands where a measure cannot be given.

    Raises:
        MetricError: There is no good or no defective picture, a value is not finite, or a good
            picture's mask shows a defect.
    """
    seen = _Seen(thresholds)
    for record in records:
        seen.add(record)
    for kind, count in (("good", len(seen.good)), ("defective", len(seen.defective))):
        if count == 0:
            raise MetricError(f"There is no {kind} picture to evaluate on; give at least one of each kind.")
    image_auroc, image_precision = seen.image_measures()
    pixel = seen.pixel_measures()
    return Evaluation(
        image_count=len(seen.good) + len(seen.defective),
        defect_count=len(seen.defective),
        image_auroc=image_auroc,
        image_auroc_interval=auroc_interval(*seen.labelled()),
        image_average_precision=image_precision,
        at_threshold=seen.at_threshold(),
        pixel_auroc=pixel.auroc if pixel else None,
        pixel_average_precision=pixel.average_precision if pixel else None,
        aupro=pixel.aupro if pixel else None,
        aupro_005=pixel.aupro_005 if pixel else None,
        auspro=pixel.auspro if pixel else None,
        segf1=pixel.f1 if pixel else None,
        oracle_segf1=pixel.best_f1 if pixel else None,
        pixel_error=pixel.error if pixel else None,
        per_defect={name: _of_type(seen, name) for name in sorted({name for name, _ in seen.defective})},
    )


@dataclass
class _Seen:
    """What is kept of the records: every score, and pixels as `PixelMeasures` keeps them."""

    thresholds: Thresholds | None
    good: list[float] = field(default_factory=list)
    defective: list[tuple[str, float]] = field(default_factory=list)
    masked: dict[str, int] = field(default_factory=dict)
    pixels: PixelMeasures = field(init=False)

    def __post_init__(self) -> None:
        self.pixels = PixelMeasures(threshold=self.thresholds.pixel if self.thresholds else None)

    def add(self, record: ScoredImage) -> None:
        if not record.is_defective:
            if record.mask is not None and record.mask.any():
                raise MetricError(
                    "A picture that is called good has a mask with a defect; correct one of the two."
                )
            self.good.append(float(record.score))
            if record.anomaly_map is not None:
                self.pixels.update(record.anomaly_map, record.mask, group=_GOOD)
            return
        name = record.defect_type
        self.defective.append((name, float(record.score)))
        if record.anomaly_map is not None and record.mask is not None:
            self.masked[name] = self.masked.get(name, 0) + 1
            self.pixels.update(record.anomaly_map, record.mask, group=name, defects=record.defects)

    def at_threshold(self, name: str | None = None) -> AtThreshold | None:
        """What the threshold comes to on the good pictures and those of one type or of all."""
        if self.thresholds is None:
            return None
        defective = [score for kind, score in self.defective if name in (None, kind)]
        return AtThreshold.counted(self.thresholds, self.good, defective)

    def labelled(self, name: str | None = None) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Labels and scores of the good pictures, then those of one type or of all."""
        defective = [score for kind, score in self.defective if name in (None, kind)]
        scores = np.array(self.good + defective)
        return np.arange(len(scores)) >= len(self.good), scores

    def image_measures(self, name: str | None = None) -> tuple[float, float]:
        """AUROC and average precision of the pictures of one type, or of all, against the good ones."""
        labels, scores = self.labelled(name)
        return auroc(labels, scores), average_precision(labels, scores)

    def pixel_measures(self, name: str | None = None) -> PixelResult | None:
        """The same for pixels; None where no defect pixel or no good pixel is known."""
        with contextlib.suppress(MetricError):
            return self.pixels.result(None if name is None else (_GOOD, name))
        return None


def _of_type(seen: _Seen, name: str) -> DefectEvaluation:
    pixel = seen.pixel_measures(name)
    judged = seen.at_threshold(name)
    return DefectEvaluation(
        image_count=sum(kind == name for kind, _ in seen.defective),
        masked_count=seen.masked.get(name, 0),
        region_count=pixel.region_count if pixel else 0,
        image_auroc=seen.image_measures(name)[0],
        pixel_auroc=pixel.auroc if pixel else None,
        aupro=pixel.aupro if pixel else None,
        pixel_average_precision=pixel.average_precision if pixel else None,
        aupro_005=pixel.aupro_005 if pixel else None,
        auspro=pixel.auspro if pixel else None,
        recall=judged.recall if judged else None,
    )
