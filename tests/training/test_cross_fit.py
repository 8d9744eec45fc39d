"""Cross-fitting: no picture is measured by a model that learned from it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from flawflow.inspection.calibrate import Measurement
from flawflow.progress import Progress, ignore_progress
from flawflow.training.cross_fit import (
    FOLD_COUNT,
    fold_size,
    out_of_fold_measurements,
    without_first_fold,
)
from flawflow.training.detectors.detector import Aggregation, Detector
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.fit import fit_detector
from flawflow.training.model import InspectionModel
from flawflow.training.split import shuffled
from flawflow.training.unfinished_work import WorkFolder

SIZE = (64, 64)


class Nearness(Detector):
    """The distance to the nearest picture that it learned from: zero for those, and for no others."""

    name = "nearness"
    aggregation = Aggregation(by_position=False, smoothing=0.0, tail=0.0)

    def __init__(self, fits: list[tuple[Path, ...]]) -> None:
        super().__init__()
        self.fits = fits

    def fit(self, source: FeatureSource) -> None:
        self.fits.append(source.pictures)
        assert source.features.pictures == source.pictures
        self.register_buffer("known", source.features.maps[0][:].flatten(1).clone())

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        vectors = pyramid[0].flatten(2).transpose(1, 2).flatten(1)
        return [(vectors[:, None] - self.get_buffer("known")).square().sum(2).amin(1)[:, None, None]]


def fitting(fits: list[tuple[Path, ...]]) -> Callable[[FeatureSource], InspectionModel]:
    """Fit `Nearness`, which notes what it learned from."""
    return lambda source: fit_detector(source, Nearness(fits))


@pytest.fixture
def make_source(parts: Path, tmp_path: Path) -> Callable[..., FeatureSource]:
    def make(count: int, on_progress: Callable[[Progress], None] = ignore_progress) -> FeatureSource:
        return FeatureSource(
            encoder=build_encoder("test_efficientnet", strides=(8,), weights="random", size=SIZE),
            pictures=shuffled(sorted((parts / "train" / "good").iterdir())[:count], 0),
            size=SIZE,
            seed=0,
            device=torch.device("cpu"),
            work=WorkFolder(tmp_path / "work", {}, resume=True),
            on_progress=on_progress,
        )

    return make


@pytest.mark.parametrize("count", [8, 11, 12])
def test_every_picture_of_a_part_is_measured_by_a_model_without_it(
    count: int, make_source: Callable[..., FeatureSource]
) -> None:
    fits: list[tuple[Path, ...]] = []
    source = make_source(count)
    before = [maps.clone() for maps in source.features.maps]
    measured = out_of_fold_measurements(source, fitting(fits))
    size = fold_size(source.features)
    assert size == count // FOLD_COUNT
    assert [m.path for m in measured] == list(source.pictures[size : FOLD_COUNT * size])
    for number, fit in enumerate(fits, start=1):
        left_out = {m.path for m in measured[(number - 1) * size : number * size]}
        assert len(left_out) == size
        assert set(fit) == set(source.pictures) - left_out
    # A picture that had been learned would be at distance 0 from itself.
    assert min(m.score for m in measured) > 0.01
    assert all(torch.equal(one, two) for one, two in zip(before, source.features.maps, strict=True))
    own, held_out = without_first_fold(source)
    assert held_out == source.pictures[:size]
    assert own.pictures == own.features.pictures == source.pictures[size:]


def test_a_sister_measures_as_the_model_that_is_written_would(
    make_source: Callable[..., FeatureSource],
) -> None:
    """By symmetry: the part moved to the front by hand, and the written model's way through files."""
    source = make_source(12)
    measured = out_of_fold_measurements(source, fitting([]))[:3]
    order = (*source.pictures[3:6], *source.pictures[:3], *source.pictures[6:])
    other = make_source(12)
    other = FeatureSource(**{**vars(other), "pictures": order})
    own, held_out = without_first_fold(other)
    model = fit_detector(own, Nearness([]))
    assert [m.path for m in measured] == list(held_out)
    with torch.inference_mode():
        pyramid = next(iter(other.features.only(range(3)).plain_pyramids(own.device)))
        _, scores = model.head(model.detector(pyramid))
    np.testing.assert_allclose([m.score for m in measured], scores.numpy(), rtol=1e-4)


def test_what_a_sister_measured_is_kept(make_source: Callable[..., FeatureSource]) -> None:
    fits: list[tuple[Path, ...]] = []

    def stopping(source: FeatureSource) -> InspectionModel:
        if len(fits) == 2:
            raise KeyboardInterrupt
        return fit_detector(source, Nearness(fits))

    source = make_source(12)
    with pytest.raises(KeyboardInterrupt):
        out_of_fold_measurements(source, stopping)
    resumed = out_of_fold_measurements(make_source(12), fitting(fits))
    assert len(fits) == 3, "only the last sister was left to train"
    source.work.remove()
    assert resumed == out_of_fold_measurements(make_source(12), fitting([]))


def test_a_cross_fitted_model_says_so(learn: Callable[..., Any], tmp_path: Path) -> None:
    seen: list[Progress] = []
    result = learn(tmp_path / "a.flaw", changes={"calibration": "auto"}, on_progress=seen.append)
    calibration = result.card.calibration
    assert (len(calibration.scores), len(calibration.out_of_fold)) == (3, 9)
    assert (result.card.training.image_count, result.image_count) == (9, 12)
    assert calibration.threshold().expected_rate == 1 / 13
    assert calibration.threshold().guaranteed_rate == 1 / 4
    stages = list(dict.fromkeys(step.stage for step in seen))
    flows = [f"Flows, model {number} of 4" for number in (2, 3, 4, 1)]
    assert stages == ["Features", "Suspects", *flows, "Writing the model", "Calibrating"]
    shares = [step.share for step in seen]
    assert shares == sorted(shares)
    # The written model has not seen its own part, nor have the sisters theirs: all score alike.
    scores = np.array([*calibration.scores, *calibration.out_of_fold])
    assert scores.std() < 0.5 * scores.mean()
    assert [path.name for path in tmp_path.iterdir()] == ["a.flaw"]


def test_measurements_survive_the_disk_to_the_bit(make_source: Callable[..., FeatureSource]) -> None:
    first = out_of_fold_measurements(make_source(8), fitting([]))
    assert all(isinstance(m, Measurement) for m in first)
    assert first == out_of_fold_measurements(make_source(8), fitting([]))
