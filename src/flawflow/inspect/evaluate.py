"""How good a model is, on labelled pictures that it has never seen."""

from collections.abc import Callable, Iterator
from pathlib import Path

from flawflow.dataset import Dataset, Sample, open_dataset
from flawflow.errors import DatasetError
from flawflow.inspect.inspector import Inspector
from flawflow.inspect.stream import in_order
from flawflow.metrics import Evaluation, Scored, evaluate_maps
from flawflow.picture import read_mask

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

    Args:
        model: A model file, or an inspector.
        data: A data set, or its folder.
        progress: Called after each picture with (done, all).
        on_scored: Called with each picture, in order.

    Raises:
        ModelFileError: When the model cannot be loaded.
        DatasetError: When there are no test pictures.
        PictureError: When a test picture or mask cannot be read.
        MetricError: When the labels do not allow any measurement.
    """
    inspector = model if isinstance(model, Inspector) else Inspector.load(model)
    dataset = data if isinstance(data, Dataset) else open_dataset(Path(data))
    if not dataset.test:
        raise DatasetError(
            f"{dataset.name} has no test pictures: give a data set with labelled test pictures"
        )
    return evaluate_maps(_scored(inspector, dataset.test, progress, on_scored))


def _scored(
    inspector: Inspector,
    samples: tuple[Sample, ...],
    progress: Progress | None,
    on_scored: OnScored | None,
) -> Iterator[Scored]:
    results = in_order(lambda sample: _score(inspector, sample), samples)
    for done, scored in enumerate(results, start=1):
        yield scored
        if on_scored is not None:
            on_scored(samples[done - 1], scored)
        if progress is not None:
            progress(done, len(samples))


def _score(inspector: Inspector, sample: Sample) -> Scored:
    anomaly_map, score = inspector.measure(sample.path)
    mask = None
    if sample.mask_path is not None:
        mask = read_mask(sample.mask_path)
    return Scored(
        is_defective=sample.is_defective,
        defect_type=sample.defect_type,
        score=score,
        anomaly_map=anomaly_map,
        mask=mask,
    )
