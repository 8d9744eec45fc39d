"""A small encoder with random weights, drawn parts, and the sources that detectors learn from."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow.learn.encoder import build_encoder
from flawflow.learn.source import Source
from flawflow.learn.work import WorkFolder
from flawflow.picture import read_picture
from flawflow.synthetic import draw_parts

SIZE = (64, 64)
MakeSource = Callable[[Sequence[int]], Source]


@pytest.fixture(scope="session")
def part_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("parts")
    draw_parts(folder, train=10, test=1, size=SIZE[0])
    return tuple(sorted((folder / "train" / "good").iterdir()))


@pytest.fixture(scope="session")
def part_pictures(part_files: tuple[Path, ...]) -> NDArray[np.uint8]:
    """The same as one batch, (10, 64, 64, 3)."""
    return np.stack([read_picture(path) for path in part_files])


@pytest.fixture
def make_source(part_files: tuple[Path, ...], tmp_path: Path) -> MakeSource:
    """Give a source of drawn parts at the given strides."""

    def make(strides: Sequence[int]) -> Source:
        return Source(
            encoder=build_encoder("test_efficientnet", strides=strides, weights="random", size=SIZE),
            pictures=part_files,
            size=SIZE,
            seed=5,
            device=torch.device("cpu"),
            work=WorkFolder(tmp_path / "work", {}, resume=False),
        )

    return make
