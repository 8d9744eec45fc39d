"""What the tests of the command line share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from flawflow.cli import main

Flawflow = Callable[..., Result]


@pytest.fixture
def flawflow() -> Flawflow:
    """Run the command line in this process, in a terminal that is wide enough for any path."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner(env={"COLUMNS": "400"}).invoke(main, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with one dark (OK) and one spotted (NG) picture and one file that is no picture."""
    folder = tmp_path / "pictures"
    dark = np.full((40, 60, 3), 20, np.uint8)
    spotted = dark.copy()
    spotted[10:20, 10:30] = 255
    for name, pixels in (("good/a.png", dark), ("bad/a.png", spotted)):
        (folder / name).parent.mkdir(parents=True)
        Image.fromarray(pixels).save(folder / name)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    return folder


@pytest.fixture
def spots(tmp_path: Path) -> Path:
    """A data set whose defects are bright spots: what `tiny_model` sees perfectly."""
    root = tmp_path / "spots"
    mask = np.zeros((32, 32), np.uint8)
    mask[8:16, 8:16] = 255
    for name, pixels in (
        ("train/good/0.png", mask * 0 + 9),
        ("test/good/0.png", mask * 0 + 12),
        ("test/spot/0.png", np.maximum(mask, 9)),
        ("ground_truth/spot/0_mask.png", mask),
    ):
        (root / name).parent.mkdir(parents=True)
        Image.fromarray(pixels).save(root / name)
    return root
