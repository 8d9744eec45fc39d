"""How good a model is, on labelled pictures that it has never seen."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from flawflow.datasets import Dataset, Sample, open_dataset
from flawflow.datasets.truth import read_truth
from flawflow.decision.calibration import Verdict
from flawflow.errors import DatasetError, ImageError, MetricError, one_line
from flawflow.images import read_image
from flawflow.inspection.inspection import Inspection
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.metrics import Evaluation, ScoredImage, Thresholds, evaluate_maps
from flawflow.metrics.counts import ImageCounts, counts_of
from flawflow.renamed import renamed_attribute, renamed_names

ProgressCallback = Callable[[int, int], None]
"""Called with the number of pictures done and of all."""

GOOD_KIND = "good"
"""The kind of pictures without a defect."""

SHOWN_PER_KIND = 6
"""So many pictures of each kind keep what can be drawn: those that are nearest to a wrong verdict."""


@dataclass(frozen=True)
class ImageResult:
    """One labelled picture and what the model says about it.

    Attributes:
        path: The picture's file.
        is_defective: The truth.
        kind: What kind of defect; "good" where there is none.
        score: The picture's score; higher is more anomalous.
        p_value: Share of good pictures that score at least as high.
        verdict: What the model says.
        inspection: All that it says, with the map; None but for `SHOWN_PER_KIND` pictures of each kind.
        counts: What the picture adds to the measures; None unless they were asked for.
    """

    path: Path
    is_defective: bool
    kind: str
    score: float
    p_value: float
    verdict: Verdict
    inspection: Inspection | None = field(default=None, repr=False, compare=False)
    counts: ImageCounts | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ModelEvaluation(Evaluation):
    """The measures of a model, and the pictures that they were measured on.

    Attributes:
        images: One for each picture that could be used, in the data set's order.
    """

    images: tuple[ImageResult, ...] = ()
    pictures = renamed_attribute("pictures", "images")

    def to_dict(self) -> dict[str, Any]:
        """The measures, without the pictures, as plain Python values that JSON can hold."""
        measures = {each.name: getattr(self, each.name) for each in fields(Evaluation)}
        return Evaluation(**measures).to_dict()

    def shown(self) -> dict[str, list[ImageResult]]:
        """The pictures that keep their maps, by kind, those nearest to a wrong verdict first."""
        kinds: dict[str, list[ImageResult]] = {}
        for one in sorted(self.images, key=lambda one: (one.is_defective, one.kind, _safety(one))):
            if one.inspection is not None:
                kinds.setdefault(one.kind, []).append(one)
        return kinds


def evaluate(
    model: str | Path | Inspector,
    data: str | Path | Dataset,
    *,
    progress: ProgressCallback | None = None,
    counts: bool = False,
) -> ModelEvaluation:
    """Measure a model on the test pictures of a data set.

    Maps are measured at the model's own size (`card.size`), masks at theirs: no mask is resized, so that a
    region stays one region however small it is (`flawflow.metrics.PixelMeasures`). Nothing is fitted or
    chosen here, but for `oracle_segf1`, which says so.

    A picture or mask that cannot be used is left out and named in the result, as long as good and defective
    pictures are left; without its mask a picture counts for the picture measures.

    Args:
        model: A model file, or an inspector.
        data: A data set, or its folder.
        progress: Called after each picture with (done, all).
        counts: Whether to keep what each picture adds to the measures, a few kilobytes each, for comparisons
            of two models (`flawflow.metrics.resampling`).

    Returns:
        The measures, and a result for each picture.

    Raises:
        ModelFileError: When the model cannot be loaded.
        DatasetError: When there are no test pictures.
        MetricError: When the labels do not allow any measurement.
    """
    inspector = model if isinstance(model, Inspector) else Inspector.load(model)
    dataset = data if isinstance(data, Dataset) else open_dataset(data)
    if not dataset.test:
        raise DatasetError(
            f"{dataset.name} has no test pictures: give a data set with labelled test pictures"
        )
    left_out: list[str] = []
    notes = list(dataset.notes)
    pictures = _Pictures()

    def scored() -> Iterator[ScoredImage]:
        results = in_order(lambda sample: _score(inspector, sample, dataset), dataset.test)
        for done, (sample, result) in enumerate(zip(dataset.test, results, strict=True), start=1):
            left_out.extend(result.left_out)
            notes.extend(result.notes)
            if result.scored is not None and result.inspection is not None:
                yield result.scored
                pictures.add(sample, result.inspection, _counts(sample, result.scored) if counts else None)
            if progress is not None:
                progress(done, len(dataset.test))

    try:
        evaluation = evaluate_maps(scored(), thresholds=Thresholds.of(inspector.card.calibration))
    except MetricError as error:
        if not left_out:
            raise
        raise MetricError(f"{error} {len(left_out):,} could not be used; the first: {left_out[0]}") from None
    measures = vars(evaluation) | {"left_out": tuple(left_out), "notes": tuple(notes)}
    return ModelEvaluation(**measures, images=tuple(pictures.results))


class _Pictures:
    """Collects results; of each kind only the pictures nearest to a wrong verdict keep their maps."""

    def __init__(self) -> None:
        self.results: list[ImageResult] = []
        self._kept: dict[str, list[tuple[float, int]]] = {}

    def add(self, sample: Sample, inspection: Inspection, counts: ImageCounts | None) -> None:
        result = ImageResult(
            path=sample.path,
            is_defective=sample.is_defective,
            kind=sample.defect_type if sample.is_defective else GOOD_KIND,
            score=inspection.score,
            p_value=inspection.p_value,
            verdict=inspection.verdict,
            inspection=replace(inspection, path=sample.path),
            counts=counts,
        )
        # The safest is dropped; among equals the later one.
        kept = self._kept.setdefault(result.kind, [])
        heapq.heappush(kept, (-_safety(result), -len(self.results)))
        self.results.append(result)
        if len(kept) > SHOWN_PER_KIND:
            index = -heapq.heappop(kept)[1]
            self.results[index] = replace(self.results[index], inspection=None)


def _counts(sample: Sample, scored: ScoredImage) -> ImageCounts:
    # Unique within a data set, and the same wherever that lies.
    name = "/".join(sample.path.parts[-3:])
    return counts_of(name, scored.is_defective, scored.score, scored.anomaly_map, scored.mask)


def _safety(result: ImageResult) -> float:
    """How far from a wrong verdict, among pictures of one kind."""
    return result.score if result.is_defective else -result.score


@dataclass(frozen=True)
class _Result:
    """What came of one sample."""

    scored: ScoredImage | None = None
    inspection: Inspection | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _score(inspector: Inspector, sample: Sample, dataset: Dataset) -> _Result:
    try:
        picture = read_image(sample.path)
    except ImageError as error:
        return _Result(left_out=(str(error),))
    inspection = inspector.inspect(picture)
    truth = read_truth(sample, (picture.shape[0], picture.shape[1]), dataset.saturations)
    if truth.mask is not None and truth.mask.any() and not sample.is_defective:
        name = one_line(str(sample.path))
        return _Result(left_out=(f"{name} is called good and its mask shows a defect: correct one of them.",))
    scored = ScoredImage(
        is_defective=sample.is_defective,
        defect_type=sample.defect_type,
        score=inspection.score,
        anomaly_map=inspection.graph_map,
        mask=truth.mask,
        defects=truth.defects,
    )
    full = truth.mask is not None and truth.mask.all()
    marks = ", ".join(one_line(str(path)) for path in sample.mask_files)
    notes = (f"{marks} marks the whole picture as a defect.",) if full else ()
    return _Result(scored, inspection, truth.left_out, notes)


__getattr__ = renamed_names(__name__, {"PictureResult": "ImageResult"})
