import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.compare.exhibits import shown, truth
from flawflow.datasets import Dataset, Sample, open_dataset
from flawflow.synthetic import draw_parts


@pytest.fixture
def gears(tmp_path: Path) -> Dataset:
    draw_parts(tmp_path / "gears", train=2, test=3, size=64)
    return open_dataset(tmp_path / "gears")


def test_the_same_defective_pictures_are_shown_from_first_to_last(gears: Dataset):
    masked = [sample for sample in gears.test if sample.is_defective and sample.mask_path]
    chosen = shown(gears)
    assert (chosen[0], chosen[-1], len(chosen)) == (masked[0], masked[-1], 4)
    assert chosen == shown(gears)


def test_without_masks_there_is_something_to_show():
    samples = tuple(Sample(Path(f"{n}.png"), "test", n > 0, "scratch") for n in range(3))
    assert shown(Dataset("bare", samples)) == list(samples[1:])


def test_defects_are_outlined_and_not_covered(gears: Dataset):
    with Image.open(io.BytesIO(truth(gears))) as image:
        strip = np.asarray(image).astype(int)
    assert strip.shape == (150, 4 * 150 + 3 * 4, 3)
    outline = (strip[..., 0] > 200) & (strip[..., 1] < 90) & (strip[..., 2] > 140)
    for start in range(0, 4 * 154, 154):
        assert 5 < outline[:, start : start + 150].sum() < 2000
