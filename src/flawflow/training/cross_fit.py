"""Cross-fitting: where good pictures are few, every one of them gets a score by a model that left it out.

The pictures are split at random into folds of one size. The model that is written leaves out the first fold;
for each other fold a model is trained in the same way without it, measures it and is discarded. So the
score of any picture that was left out is distributed as that of a new good picture under the model that is
written (docs/threshold.md).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from flawflow.images import read_image, resize_image
from flawflow.images.statistics import ImageStatistics, image_statistics
from flawflow.inspection.calibrate import Measurement, max_and_background
from flawflow.progress import Progress, within
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.model import InspectionModel

FOLD_COUNT = 4


def fold_size(store: FeatureStore) -> int:
    """Pictures that each model leaves out. What is left over by the division stays in all trainings."""
    return len(store.pictures) // FOLD_COUNT


def without_first_fold(source: FeatureSource) -> tuple[FeatureSource, tuple[Path, ...]]:
    """What the model that is written learns from, and the pictures that it leaves out.

    Args:
        source: All pictures in random order.
    """
    store = source.features
    size = fold_size(store)
    learned = store.only(range(size, len(store.pictures)))
    return _training(source, learned, number=1), store.pictures[:size]


def out_of_fold_measurements(
    source: FeatureSource, fit: Callable[[FeatureSource], InspectionModel]
) -> list[Measurement]:
    """Train a model for each fold but the first, and measure the fold with it.

    Args:
        source: All pictures in random order.
        fit: Learns from a source.

    Returns:
        A measurement of each picture of those parts.
    """
    size = fold_size(source.features)
    measured = []
    for part in range(1, FOLD_COUNT):
        name = f"part-{part + 1}"
        kept = source.work.load(name)
        if kept is None:
            tell = within(source.on_progress, (part - 1) / (FOLD_COUNT - 1), part / (FOLD_COUNT - 1))
            told = replace(source, on_progress=tell)
            kept = {"measured": _measured_by_fold_model(told, fit, part * size, size, number=part + 1)}
            source.work.save(name, kept)
        paths = source.features.pictures[part * size : (part + 1) * size]
        rows = kept["measured"].tolist()
        measured += [
            Measurement(path, score, max_value, background, _statistics(source, path))
            for path, (score, max_value, background) in zip(paths, rows, strict=True)
        ]
    return measured


def _measured_by_fold_model(
    source: FeatureSource,
    fit: Callable[[FeatureSource], InspectionModel],
    start: int,
    size: int,
    *,
    number: int,
) -> torch.Tensor:
    """Score, maximum and background of one fold's pictures, (size, 3) float64, by a model without them."""
    store = source.features
    # The first part takes the place of this one, so that every model has its pictures in the same order.
    others = [*range(size, start), *range(size), *range(start + size, len(store.pictures))]
    fold_model = fit(_training(source, store.only(others), number=number)).to(source.device)
    roi_mask = _roi_mask(source)
    rows = []
    with torch.inference_mode():
        for pyramid in store.only(range(start, start + size)).plain_pyramids(source.device):
            maps, scores = fold_model.measure(pyramid)
            for anomaly_map, score in zip(maps.cpu().numpy(), scores.tolist(), strict=True):
                rows.append((score, *max_and_background(anomaly_map, roi_mask)))
    return torch.tensor(rows, dtype=torch.float64)


def _statistics(source: FeatureSource, path: Path) -> ImageStatistics:
    return image_statistics(resize_image(read_image(path), source.size), _roi_mask(source))


def _roi_mask(source: FeatureSource) -> NDArray[np.bool_]:
    roi_mask = source.features.roi_mask
    return np.ones(source.size, np.bool_) if roi_mask is None else roi_mask.numpy()


def _training(source: FeatureSource, learned: FeatureStore, *, number: int) -> FeatureSource:
    """The source of a training with some of the pictures, with work and progress of its own."""

    def tell(progress: Progress) -> None:
        source.on_progress(replace(progress, stage=f"{progress.stage}, model {number} of {FOLD_COUNT}"))

    return replace(
        source,
        pictures=learned.pictures,
        store=learned,
        work=source.work.within(f"model-{number}"),
        on_progress=tell,
    )
