"""New sizes keep what their filter promises."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import label

from flawflow.images import proportional_size, resize_image, resize_map, resize_mask

side = st.integers(1, 24)


def test_pictures_are_resized_by_lanczos(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (20, 31, 3), np.uint8)
    resized = resize_image(picture, (7, 12))
    expected = Image.fromarray(picture).resize((12, 7), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(resized, np.array(expected))
    assert resized.flags.writeable


@given(height=side, width=side, new_height=side, new_width=side, level=st.integers(0, 255))
def test_an_even_picture_stays_even(
    height: int, width: int, new_height: int, new_width: int, level: int
) -> None:
    picture = np.full((height, width, 3), level, np.uint8)
    resized = resize_image(picture, (new_height, new_width))
    np.testing.assert_array_equal(resized, np.full((new_height, new_width, 3), level, np.uint8))


@given(height=side, width=side, new_height=side, new_width=side, seed=st.integers(0, 99))
def test_a_mask_loses_no_pixel(height: int, width: int, new_height: int, new_width: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) > 0.8
    resized = resize_mask(mask, (new_height, new_width))
    assert resized.dtype == np.bool_

    def pairs(old: int, new: int) -> set[tuple[int, int]]:
        shrunk = {(i, floor((i + Fraction(1, 2)) * new / old)) for i in range(old)}
        return shrunk if old >= new else {(floor((i + Fraction(1, 2)) * old / new), i) for i in range(new)}

    expected = np.zeros((new_height, new_width), bool)
    for i, row in pairs(height, new_height):
        for j, column in pairs(width, new_width):
            expected[row, column] |= mask[i, j]
    np.testing.assert_array_equal(resized, expected)


def test_a_growing_mask_is_resized_as_pillow_does(rng: np.random.Generator) -> None:
    mask = rng.random((128, 64)) > 0.5
    expected = Image.fromarray(mask.astype(np.uint8)).resize((192, 256), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(resize_mask(mask, (256, 192)), np.array(expected))


def test_small_and_thin_marks_stay_one_region() -> None:
    mask = np.zeros((2048, 2048), bool)
    mask[1001:1004, 1001:1004] = True
    along = np.arange(1200)
    mask[100 + along // 6, 20 + along] = True
    assert label(resize_mask(mask, (256, 256)), np.ones((3, 3)))[1] == 2


@given(height=side, width=side, new_height=side, new_width=side, seed=st.integers(0, 99))
def test_a_map_keeps_its_range(height: int, width: int, new_height: int, new_width: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0, 1e3, (height, width)).astype(np.float32)
    resized = resize_map(scores, (new_height, new_width))
    assert resized.dtype == np.float32
    assert resized.shape == (new_height, new_width)
    # Exactly: finding no region early, by the small map's maximum, hangs on it.
    assert scores.min() <= resized.min() <= resized.max() <= scores.max()


def half_pixel_bilinear(scores: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    centres = (np.arange(size) + 0.5) * len(scores) / size - 0.5
    return np.interp(centres, np.arange(len(scores)), scores)


def test_a_growing_map_is_linear_between_centres(rng: np.random.Generator) -> None:
    line = rng.normal(size=6).astype(np.float32)
    np.testing.assert_allclose(resize_map(line[None], (1, 17))[0], half_pixel_bilinear(line, 17), atol=1e-6)
    np.testing.assert_allclose(
        resize_map(line[:, None], (17, 1))[:, 0], half_pixel_bilinear(line, 17), atol=1e-6
    )


@pytest.mark.parametrize("turned", [False, True])
def test_views_are_fine(turned: bool, rng: np.random.Generator) -> None:
    scores = rng.normal(size=(5, 8)).astype(np.float32)
    view = scores.T if turned else scores[::-1, ::2]
    np.testing.assert_array_equal(resize_map(view, (9, 9)), resize_map(view.copy(), (9, 9)))


@given(st.integers(1, 40), st.integers(16, 4000), st.integers(16, 4000), st.sampled_from([1, 8, 16, 32]))
def test_proportions_are_kept_at_as_many_pixels(cells: int, tall: int, wide: int, multiple: int):
    side = cells * multiple
    height, width = proportional_size(side, (tall, wide), multiple)
    assert height % multiple == width % multiple == 0
    if 2 * max(tall, wide) < 3 * min(tall, wide):
        assert (height, width) == (side, side)
    else:
        for length, exact in ((height, side * (tall / wide) ** 0.5), (width, side * (wide / tall) ** 0.5)):
            assert abs(length - exact) <= multiple / 2 + 1e-9 or length == multiple
    assert proportional_size(side, (wide, tall), multiple) == (width, height)
    assert proportional_size(side, (tall, tall), multiple) == (side, side)
