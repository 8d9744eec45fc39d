from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.synthetic import DEFECTS, draw_part, draw_parts


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_the_tree_is_that_of_mvtec(tmp_path: Path):
    draw_parts(tmp_path, train=3, test=2, seed=1, size=64)
    assert len(list((tmp_path / "train/good").glob("*.png"))) == 3
    assert {path.name for path in (tmp_path / "test").iterdir()} == {"good", *DEFECTS}
    for defect in DEFECTS:
        for picture in (tmp_path / "test" / defect).iterdir():
            mask = pixels(tmp_path / "ground_truth" / defect / f"{picture.stem}_mask.png")
            assert pixels(picture).shape == (64, 64, 3)
            assert mask.shape == (64, 64)
            assert set(np.unique(mask)) == {0, 255}


def test_the_same_seed_draws_the_same_pixels_and_no_two_parts_are_alike(tmp_path: Path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        draw_parts(tmp_path / folder, train=2, test=1, seed=seed, size=48)
    first, again, other = (pixels(tmp_path / f / "train/good/000.png") for f in "abc")
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != pixels(tmp_path / "a/train/good/001.png")).any()
    assert (pixels(tmp_path / "a/test/good/000.png") != first).any()


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_defect_shows_inside_its_mask(defect: str, seed: int):
    # The same seed draws the same part, so the good picture differs by the defect (and by grain).
    good, nothing = draw_part(None, rng=np.random.default_rng(seed), size=128)
    bad, mask = draw_part(defect, rng=np.random.default_rng(seed), size=128)
    assert not nothing.any()
    assert 0.0005 < mask.mean() < 0.05
    change = np.abs(good.astype(float) - bad.astype(float)).mean(axis=2)
    assert change[mask].mean() > 3 * change[~mask].mean()
    assert change[mask].mean() > 8
