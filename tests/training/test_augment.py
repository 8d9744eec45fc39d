"""Views of a picture: exact where they can be, reproducible everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.recipe.augmentation import REFERENCE, Augmentation
from flawflow.training.augment import random_view, relight, rotate, shift, view_generator

ALL = Augmentation(degrees=8, shift=0.1, brightness=0.2, contrast=0.2)


def _picture(height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(st.integers(-25, 25), st.integers(-15, 15))
def test_a_shift_moves_the_content(right: int, down: int) -> None:
    picture = _picture()
    moved = shift(picture, right, down)
    assert moved.shape == picture.shape
    rows = slice(max(0, -down), min(20, 20 - down))
    columns = slice(max(0, -right), min(30, 30 - right))
    there = moved[max(0, down) : 20 + min(0, down), max(0, right) : 30 + min(0, right)]
    assert np.array_equal(there, picture[rows, columns])


@pytest.mark.parametrize("edge", ["reflect", "black"])
def test_turning_by_nothing_changes_nothing(edge: str) -> None:
    assert np.array_equal(rotate(_picture(), 0.0, edge=edge), _picture())  # type: ignore[arg-type]


def test_half_a_turn_is_exact_and_a_quarter_goes_counter_clockwise() -> None:
    picture = _picture(20, 20)
    assert np.array_equal(rotate(picture, 180.0), picture[::-1, ::-1])
    assert np.array_equal(rotate(picture, 90.0), np.rot90(picture))
    assert np.array_equal(rotate(picture, 90.0, edge="black"), np.rot90(picture))


@given(st.floats(-45, 45), st.integers(4, 40), st.integers(4, 40))
def test_reflection_leaves_no_black_corner(degrees: float, height: int, width: int) -> None:
    flat = np.full((height, width, 3), 130, np.uint8)
    assert np.array_equal(rotate(flat, degrees), flat)


def test_the_reference_fills_corners_with_black() -> None:
    flat = np.full((64, 64, 3), 130, np.uint8)
    turned = rotate(flat, 5.0, edge="black")
    assert set(np.unique(turned)) == {0, 130}
    assert turned[0, 0].tolist() == [0, 0, 0]


def test_relighting_keeps_the_mean_under_contrast_and_clips() -> None:
    picture = np.array([[[100, 110, 120], [130, 140, 150]]], np.uint8)
    assert relight(picture, contrast=2.0).tolist() == [[[75, 95, 115], [135, 155, 175]]]
    assert relight(picture, brightness=1.1).tolist() == [[[110, 121, 132], [143, 154, 165]]]
    assert relight(picture, brightness=3.0).max() == 255


@given(st.integers(0, 2**32 - 1), st.integers(0, 10_000), st.integers(0, 50))
def test_a_view_depends_on_its_three_numbers_alone(seed: int, index: int, view: int) -> None:
    one, again = (random_view(_picture(), ALL, view_generator(seed, index, view)) for _ in range(2))
    assert np.array_equal(one, again)
    other = random_view(_picture(), ALL, view_generator(seed, index, view + 1))
    assert not np.array_equal(one, other)


def test_bounds_are_kept_and_reached() -> None:
    flat = np.full((64, 64, 3), 100, np.uint8)
    bright = Augmentation(degrees=0, brightness=0.2)
    values = [int(random_view(flat, bright, view_generator(0, 0, view))[0, 0, 0]) for view in range(200)]
    assert 80 <= min(values) < 85
    assert 115 < max(values) <= 120


def test_an_amount_does_not_change_what_another_draws() -> None:
    flat = np.full((16, 16, 3), 100, np.uint8)
    alone = random_view(flat, Augmentation(degrees=0, brightness=0.2), view_generator(0, 1, 2))
    turned = random_view(flat, Augmentation(degrees=5, brightness=0.2), view_generator(0, 1, 2))
    assert np.array_equal(alone, turned)


def test_the_reference_turns_by_up_to_five_degrees() -> None:
    assert (REFERENCE.degrees, REFERENCE.edge) == (5.0, "black")
    assert (REFERENCE.shift, REFERENCE.brightness, REFERENCE.contrast) == (0.0, 0.0, 0.0)


def test_a_drawn_light_goes_either_way_and_leaves_the_content() -> None:
    picture = np.full((64, 64, 3), (100, 90, 110), np.uint8)
    picture[20:40, 20:40] = 160
    lights = Augmentation(degrees=0, light=1.0)
    views = np.stack([random_view(picture, lights, view_generator(0, 0, view)) for view in range(60)])
    brightness = views.mean(axis=(1, 2, 3))
    assert brightness.min() < 0.8 * picture.mean() < 1.2 * picture.mean() < brightness.max()
    # The lamp's colour and where the light comes from change, too.
    colour = views[..., 0].mean(axis=(1, 2)) / views[..., 2].mean(axis=(1, 2)) * 1.1
    sides = views[:, :, :10].mean(axis=(1, 2, 3)) / views[:, :, -10:].mean(axis=(1, 2, 3))
    assert colour.min() < 0.93
    assert colour.max() > 1.07
    assert sides.min() < 0.8
    assert sides.max() > 1.25
    around = views[:, 26:34, 8:14].mean(axis=(1, 2, 3))
    assert (views[:, 26:34, 26:34].mean(axis=(1, 2, 3)) > around).all()


def test_half_the_light_goes_half_as_far() -> None:
    flat = np.full((32, 32, 3), 100, np.uint8)
    near, far = (
        np.abs(
            np.log(random_view(flat, Augmentation(degrees=0, light=amount), view_generator(0, 0, 3)) / 100)
        )
        for amount in (0.5, 1.0)
    )
    assert 0 < near.mean() < 0.7 * far.mean()


def test_a_grey_picture_stays_grey_in_any_light() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (32, 32, 1), dtype=np.uint8).repeat(3, axis=2)
    view = random_view(grey, Augmentation(degrees=0, light=1.0), view_generator(0, 0, 1))
    assert not np.array_equal(view, grey)
    assert (view == view[..., :1]).all()
