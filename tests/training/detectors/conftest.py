"""A small encoder with random weights, drawn parts, and the sources that detectors learn from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow.images import read_image
from flawflow.synthetic import draw_parts
from flawflow.training.detectors.detector import Detector
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.unfinished_work import WorkFolder

SIZE = (64, 64)
MakeSource = Callable[[Sequence[int]], FeatureSource]
ByHand = Callable[..., NDArray[np.float64]]


@pytest.fixture(scope="session")
def part_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("parts")
    draw_parts(folder, train=10, test=1, size=SIZE[0])
    return tuple(sorted((folder / "train" / "good").iterdir()))


@pytest.fixture(scope="session")
def part_pictures(part_files: tuple[Path, ...]) -> NDArray[np.uint8]:
    """The same as one batch, (10, 64, 64, 3)."""
    return np.stack([read_image(path) for path in part_files])


@pytest.fixture
def make_source(part_files: tuple[Path, ...], tmp_path: Path) -> MakeSource:
    """Give a source of drawn parts at the given strides."""

    def make(strides: Sequence[int]) -> FeatureSource:
        return FeatureSource(
            encoder=build_encoder("test_efficientnet", strides=strides, weights="random", size=SIZE),
            pictures=part_files,
            size=SIZE,
            seed=5,
            device=torch.device("cpu"),
            work=WorkFolder(tmp_path / "work", {}, resume=False),
        )

    return make


@pytest.fixture(scope="session")
def patches_by_hand() -> ByHand:
    """Compute patches of two scales with numpy: (fine, coarse, pooling) to (N, H, W, D)."""

    def patches(fine: NDArray[np.float32], coarse: NDArray[np.float32], pooling: str) -> NDArray[np.float64]:
        small, large = (_averaged(features.astype(np.float64), pooling) for features in (fine, coarse))
        return np.concatenate((small, _doubled(large)), axis=1).transpose(0, 2, 3, 1)

    return patches


@pytest.fixture
def fitted_beside_patches(
    make_source: MakeSource, part_pictures: NDArray[np.uint8], patches_by_hand: ByHand
) -> Callable[[Detector], tuple[torch.Tensor, NDArray[np.float64], NDArray[np.float64]]]:
    """Fit a detector of joined vectors to the parts; gives its map of them upside down, and both by hand.

    The vectors are of the parts and of the parts upside down, each (N·H·W, 80), averaged as `inner` says.
    """

    def fitted(detector: Detector) -> tuple[torch.Tensor, NDArray[np.float64], NDArray[np.float64]]:
        source = make_source((8, 16))
        detector.fit(source)
        with torch.inference_mode():
            good, asked = (
                source.encoder(torch.from_numpy(np.ascontiguousarray(pictures)))
                for pictures in (part_pictures, part_pictures[:, ::-1])
            )
            (found,) = detector(asked)
        vectors, others = (
            patches_by_hand(*(features.numpy() for features in pyramid), "inner").reshape(-1, 80)
            for pyramid in (good, asked)
        )
        return found, vectors, others

    return fitted


def _averaged(features: NDArray[np.float64], pooling: str) -> NDArray[np.float64]:
    """3 × 3 means: "padded" with zeros beyond the edge, "inner" of the neighbours that there are."""
    if pooling == "none":
        return features
    beyond = np.nan if pooling == "inner" else 0.0
    padded = np.pad(features, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=beyond)
    height, width = features.shape[2:]
    windows = [padded[:, :, r : r + height, c : c + width] for r in range(3) for c in range(3)]
    averaged: NDArray[np.float64] = np.nanmean(windows, axis=0)
    return averaged


def _doubled(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice as tall and wide, halfway between cells."""
    for axis in (2, 3):
        side = features.shape[axis]
        place = np.clip((np.arange(2 * side) + 0.5) / 2 - 0.5, 0, side - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, side - 1)
        share = np.expand_dims(place - low, tuple(range(1, 4 - axis)))
        features = features.take(low, axis) * (1 - share) + features.take(high, axis) * share
    return features
