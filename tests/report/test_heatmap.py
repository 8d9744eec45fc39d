from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import ImageError
from flawflow.report.heatmap import colorize, overlay


@dataclass(frozen=True)
class Box:
    box: tuple[int, int, int, int]


def luminance(rgb: np.ndarray) -> np.ndarray:
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_brighter_means_more_anomalous_for_every_eye():
    ramp = colorize(np.linspace(0, 1, 256, dtype=np.float32)[None], (0.0, 1.0))[0]
    assert (np.diff(luminance(ramp[:, :3])) > 0).all()
    assert (np.diff(ramp[:, 3].astype(int)) >= 0).all()


def test_the_ends_of_the_scale_are_nothing_and_full_colour():
    coloured = colorize(np.array([[-9.0, 2.0, 6.0, 99.0]]), (2.0, 6.0))
    assert coloured.shape == (1, 4, 4)
    assert coloured.dtype == np.uint8
    assert coloured[0, 0, 3] == coloured[0, 1, 3] == 0
    assert coloured[0, 2, 3] > 180
    np.testing.assert_array_equal(coloured[0, 2], coloured[0, 3])


@given(value=st.floats(-5, 5, width=32), neighbour=st.floats(-50, 50, width=32))
def test_a_colour_depends_on_its_own_value_alone(value: float, neighbour: float):
    alone = colorize(np.array([[value]]), (-1.0, 2.0))[0, 0]
    beside = colorize(np.array([[value, neighbour]]), (-1.0, 2.0))[0, 0]
    np.testing.assert_array_equal(alone, beside)


def test_calm_pixels_of_an_overlay_are_the_picture_itself(rng: np.random.Generator):
    picture = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    kept = picture.copy()
    anomaly_map = np.zeros((20, 30), np.float32)
    anomaly_map[5:9, 6:12] = 1.0
    drawn = overlay(picture, anomaly_map, (0.0, 1.0))
    calm = anomaly_map == 0
    np.testing.assert_array_equal(drawn[calm], picture[calm])
    assert (drawn[~calm] != picture[~calm]).any(axis=1).all()
    np.testing.assert_array_equal(picture, kept)


def test_blending_follows_the_alpha_of_the_heat():
    picture = np.full((1, 3, 3), 200, np.uint8)
    anomaly_map = np.array([[0.2, 0.5, 0.9]], np.float32)
    rgba = colorize(anomaly_map, (0.0, 1.0)).astype(float)
    alpha = rgba[..., 3:] / 255
    expected = 200 * (1 - alpha) + rgba[..., :3] * alpha
    np.testing.assert_allclose(overlay(picture, anomaly_map, (0.0, 1.0)), expected, atol=0.51)


@pytest.mark.parametrize("box", [(20, 20, 30, 28), (0, 0, 64, 48), (63, 47, 64, 48), (0, 0, 1, 1)])
def test_a_box_shows_on_light_and_dark_ground_even_at_the_border(box: tuple[int, int, int, int]):
    for ground in (0, 255):
        picture = np.full((48, 64, 3), ground, np.uint8)
        drawn = overlay(picture, np.zeros((48, 64), np.float32), (0.0, 1.0), [Box(box)])
        assert (drawn != ground).any()
        assert drawn.shape == picture.shape


def test_a_box_leaves_the_inside_of_its_region_free():
    picture = np.full((48, 64, 3), 90, np.uint8)
    drawn = overlay(picture, np.zeros((48, 64), np.float32), (0.0, 1.0), [Box((20, 20, 30, 28))])
    assert (drawn[20:28, 20:30] == 90).all()


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ImageError, match="64×48 but its anomaly map is 32×32"):
        overlay(np.zeros((48, 64, 3), np.uint8), np.zeros((32, 32), np.float32), (0.0, 1.0))


@pytest.mark.parametrize("scale", [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
def test_an_empty_scale_is_refused(scale: tuple[float, float]):
    with pytest.raises(ValueError, match="low < high"):
        colorize(np.zeros((2, 2), np.float32), scale)


@pytest.mark.parametrize("size", [(120, 160), (400, 60), (1500, 1000)])
def test_what_no_place_explains_is_written_below(size: tuple[int, int]):
    picture = np.full((*size, 3), 90, np.uint8)
    flat = np.zeros(size, np.float32)
    drawn = overlay(picture, flat, (0.0, 1.0), whole_image=True)
    changed = (drawn != 90).any(axis=(1, 2))
    assert not changed[: size[0] // 2].any()
    assert changed[-1]
    # Letters, light on dark.
    assert (drawn[changed] > 200).any()
    np.testing.assert_array_equal(overlay(picture, flat, (0.0, 1.0), whole_image=False), picture)


def test_where_no_letters_fit_none_are_written():
    picture = np.full((20, 30, 3), 90, np.uint8)
    np.testing.assert_array_equal(
        overlay(picture, np.zeros((20, 30), np.float32), (0.0, 1.0), whole_image=True), picture
    )
