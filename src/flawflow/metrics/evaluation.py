"""How good a detector is on a set of pictures: the numbers of a table's row."""

import contextlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics.pixels import PixelMeasures, PixelResult
from flawflow.metrics.ranking import auroc, auroc_interval, average_precision

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
    """

    is_defective: bool
    defect_type: str
    score: float
    anomaly_map: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class DefectEvaluation:
    """One defect type's pictures against all good ones.

    Attributes:
        image_count: Pictures with this defect.
        masked_count: Those of them with a mask and a map.
        region_count: Connected defect regions in these masks.
        image_auroc: In [0, 1].
        pixel_auroc: In [0, 1]; None where no mask shows a defect.
        aupro: In [0, 1]; None where no mask shows a defect.
    """

    image_count: int
    masked_count: int
    region_count: int
    image_auroc: float
    pixel_auroc: float | None
    aupro: float | None


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
        pixel_auroc: In [0, 1]; None, like the next three, where no mask shows a defect.
        pixel_average_precision: In (0, 1].
        aupro: Per-region overlap up to a false positive rate of 0.3, in [0, 1].
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
    pixel_auroc: float | None
    pixel_average_precision: float | None
    aupro: float | None
    pixel_error: float | None
    per_defect: dict[str, DefectEvaluation]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain Python values that JSON can hold."""
        lists = ("image_auroc_interval", "left_out", "notes")
        return asdict(self) | {name: [*getattr(self, name)] for name in lists}


def evaluate_maps(records: Iterable[ScoredImage]) -> Evaluation:
    """Measure inspected pictures against the truth, one by one, without keeping their maps.

    Args:
        records: Good and defective pictures in any order. Maps may differ in size, but should be
            at one resolution: a picture with more pixels weighs more.

    Returns:
        Picture and pixel measures. None stands where a measure cannot be given.

    Raises:
        MetricError: There is no good or no defective picture, a value is not finite, or a good
            picture's mask shows a defect.
    """
    seen = _Seen()
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
        pixel_auroc=pixel.auroc if pixel else None,
        pixel_average_precision=pixel.average_precision if pixel else None,
        aupro=pixel.aupro if pixel else None,
        pixel_error=pixel.error if pixel else None,
        per_defect={name: _of_type(seen, name) for name in sorted({name for name, _ in seen.defective})},
    )


@dataclass
class _Seen:
    """What is kept of the records: every score, and pixels as `PixelMeasures` keeps them."""

    good: list[float] = field(default_factory=list)
    defective: list[tuple[str, float]] = field(default_factory=list)
    masked: dict[str, int] = field(default_factory=dict)
    pixels: PixelMeasures = field(default_factory=PixelMeasures)

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
            self.pixels.update(record.anomaly_map, record.mask, group=name)

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
    return DefectEvaluation(
        image_count=sum(kind == name for kind, _ in seen.defective),
        masked_count=seen.masked.get(name, 0),
        region_count=pixel.region_count if pixel else 0,
        image_auroc=seen.image_measures(name)[0],
        pixel_auroc=pixel.auroc if pixel else None,
        aupro=pixel.aupro if pixel else None,
    )
