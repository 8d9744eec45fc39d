import numpy as np
import pytest

from flawflow.training.augment import view_generator
from flawflow.training.pasting import cut_paste, scar


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(60, 200, (96, 128, 3), dtype=np.uint8)


@pytest.mark.parametrize("paste", [cut_paste, scar])
def test_only_what_the_mask_says_is_changed(paste, picture):
    for seed in range(20):
        shown, where = paste(picture, view_generator(seed, 0, 0))
        assert (shown.shape, shown.dtype, where.shape) == (picture.shape, np.uint8, (96, 128))
        assert 0 < where.sum() < 0.4 * where.size
        np.testing.assert_array_equal(shown[~where], picture[~where])
        assert (shown[where] != picture[where]).any(axis=1).mean() > 0.9


def test_pieces_are_as_large_as_the_papers(picture):
    shares = [cut_paste(picture, view_generator(seed, 0, 0))[1].mean() for seed in range(200)]
    assert 0.015 < min(shares) < 0.03
    assert 0.12 < max(shares) < 0.16
    scars = [scar(picture, view_generator(seed, 0, 0))[1].mean() for seed in range(200)]
    assert max(scars) < 0.01


def test_a_paste_is_the_generators_alone(picture):
    first, again, other = (scar(picture, view_generator(seed, 0, 0))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("paste", [cut_paste, scar])
def test_the_smallest_picture_has_room(paste):
    picture = np.zeros((8, 8, 3), np.uint8)
    for seed in range(50):
        assert paste(picture, view_generator(seed, 0, 0))[1].any()
