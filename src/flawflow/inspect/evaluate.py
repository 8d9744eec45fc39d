"""How good a model is, on labelled pictures that it has never seen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.dataset import Dataset, Sample, open_dataset
from flawflow.errors import DatasetError, MetricError, PictureError, one_line
from flawflow.inspect.inspector import Inspector
from flawflow.inspect.stream import in_order
from flawflow.metrics import Evaluation, Scored, evaluate_maps
from flawflow.picture import has_shape_of, read_mask, read_picture

Progress = Callable[[int, int], None]
"""Called with the number of pictures done and of all."""

OnScored = Callable[[Sample, Scored], None]
"""Called with each test picture and what was measured on it."""


def evaluate(
    model: str | Path | Inspector,
    data: str | Path | Dataset,
    *,
    progress: Progress | None = None,
    on_scored: OnScored | None = None,
) -> Evaluation:
    """Measure a model on the test pictures of a data set.

    Maps are measured at the model's own size (`card.size`), masks at theirs: no mask is resized, so that a
    region stays one region however small it is (`flawflow.metrics.PixelMeasures`). Nothing is fitted or
    chosen here.

    A picture or mask that cannot be used is left out and named in the result, as long as good and defective
    pictures are left; without its mask a picture counts for the picture measures.

    Args:
        model: A model file, or an inspector.
        data: A data set, or its folder.
        progress: Called after each picture with (done, all).
        on_scored: Called with each picture that was measured, in order.

    Raises:
        ModelFileError: When the model cannot be loaded.
        DatasetError: When there are no test pictures.
        MetricError: When the labels do not allow any measurement.
    """
    inspector = model if isinstance(model, Inspector) else Inspector.load(model)
    dataset = data if isinstance(data, Dataset) else open_dataset(Path(data))
    if not dataset.test:
        raise DatasetError(
            f"{dataset.name} has no test pictures: give a data set with labelled test pictures"
        )
    left_out: list[str] = []
    notes = list(dataset.notes)

    def scored() -> Iterator[Scored]:
        results = in_order(lambda sample: _score(inspector, sample), dataset.test)
        for done, (sample, result) in enumerate(zip(dataset.test, results, strict=True), start=1):
            left_out.extend(result.left_out)
            notes.extend(result.notes)
            if result.scored is not None:
                yield result.scored
                if on_scored is not None:
                    on_scored(sample, result.scored)
            if progress is not None:
                progress(done, len(dataset.test))

    try:
        evaluation = evaluate_maps(scored())
    except MetricError as error:
        if not left_out:
            raise
        raise MetricError(f"{error} {len(left_out):,} could not be used; the first: {left_out[0]}") from None
    return replace(evaluation, left_out=tuple(left_out), notes=tuple(notes))


@dataclass(frozen=True)
class _Result:
    """What came of one sample."""

    scored: Scored | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _score(inspector: Inspector, sample: Sample) -> _Result:
    try:
        picture = read_picture(sample.path)
    except PictureError as error:
        return _Result(left_out=(str(error),))
    anomaly_map, score = inspector.measure(picture)
    mask: NDArray[np.bool_] | None = None
    left_out: tuple[str, ...] = ()
    if sample.mask_path is not None:
        mask, left_out = _mask(sample.mask_path, (picture.shape[0], picture.shape[1]))
    if mask is not None and mask.any() and not sample.is_defective:
        name = one_line(str(sample.path))
        return _Result(left_out=(f"{name} is called good and its mask shows a defect: correct one of them.",))
    scored = Scored(
        is_defective=sample.is_defective,
        defect_type=sample.defect_type,
        score=score,
        anomaly_map=anomaly_map,
        mask=mask,
    )
    full = mask is not None and mask.all()
    notes = (f"{one_line(str(sample.mask_path))} marks the whole picture as a defect.",) if full else ()
    return _Result(scored, left_out, notes)


def _mask(path: Path, picture: tuple[int, int]) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    """Read the mask of a picture of some (H, W), or say why it cannot be used."""
    try:
        mask = read_mask(path)
    except PictureError as error:
        return None, (str(error),)
    height, width = mask.shape
    if has_shape_of((height, width), picture):
        return mask, ()
    return None, (
        f"{one_line(str(path))} has {width} × {height} pixels, another shape than its picture's "
        f"{picture[1]} × {picture[0]}: draw the mask over the picture.",
    )
