"""Levels of drawn parts under made lights, and how near the correction brings them to the first light."""

from collections.abc import Callable

import numpy as np
import pytest

from flawflow.inspection.light import LightCorrection, fit_light, measure_light

Pictures = list[np.ndarray]


def parts(count: int, seed: int) -> Pictures:
    """Discs of two tones on a ground with a mark that lies elsewhere in each picture, (96, 128, 3)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:96, :128]
    pictures = []
    for _ in range(count):
        levels = np.full((96, 128, 3), (90.0, 100.0, 110.0))
        levels[(rows - 48) ** 2 + (columns - 64) ** 2 < 1400] = (180, 170, 150)
        top, left = rng.integers(20, 60, 2)
        levels[top : top + 8, left : left + 8] = 40
        pictures.append(np.clip(levels + rng.normal(0, 4, levels.shape), 0, 255).astype(np.uint8))
    return pictures


def falling(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture * np.linspace(1, 0.6, 128)[:, None]).astype(np.uint8)


def warmer(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture * (1.1, 1.0, 0.8)).astype(np.uint8)


def darker(picture: np.ndarray) -> np.ndarray:
    return np.rint(255 * (picture / 255) ** 1.4 * 0.8).astype(np.uint8)


def difference(one: Pictures, other: Pictures) -> float:
    return float(np.mean([np.abs(a.astype(float) - b).mean() for a, b in zip(one, other, strict=True)]))


@pytest.mark.parametrize("light", [falling, warmer, darker])
def test_another_light_is_undone_on_pictures_that_had_no_part_in_the_fit(
    light: Callable[[np.ndarray], np.ndarray],
):
    correction = fit_light(measure_light(parts(20, 0)), [light(picture) for picture in parts(6, 1)])
    new = parts(5, 2)
    lit = [light(picture) for picture in new]
    before, after = difference(lit, new), difference([correction(picture) for picture in lit], new)
    assert before > 5
    assert after < 1.5


def test_the_same_light_is_left_as_it_is():
    correction = fit_light(measure_light(parts(20, 0)), parts(6, 1))
    new = parts(5, 2)
    assert difference([correction(picture) for picture in new], new) < 0.5


def test_a_field_of_chance_is_left_out(rng: np.random.Generator):
    """Pictures of nothing in common: no place is brighter than another but by chance."""
    noise = rng.integers(40, 200, (30, 24, 32, 3)).astype(np.uint8)
    scattered = list(noise.repeat(4, axis=1).repeat(4, axis=2))
    field = fit_light(measure_light(scattered[:20]), scattered[20:]).field
    # Means of ten pictures differ by a tenth and more from cell to cell.
    assert np.abs(np.log(field)).mean() < 0.05


def test_levels_of_another_light_are_found_without_any_picture_in_common():
    """Other parts of the kind, and an odd size that no cell divides."""
    cut = [picture[:95, :125] for picture in parts(20, 0)]
    correction = fit_light(measure_light(cut), [warmer(picture[:95, :125]) for picture in parts(6, 1)])
    assert correction.field.shape == (95, 125, 3)
    assert correction.curve.shape == (256, 3)
    assert (np.diff(correction.curve, axis=0) > 0).all()


def test_pictures_of_one_level_have_a_curve(rng: np.random.Generator):
    flat = [np.full((64, 64, 3), 100, np.uint8)] * 4
    half = [picture // 2 for picture in flat]
    correction = fit_light(measure_light(flat), half)
    assert abs(int(correction(half[0]).max()) - 100) <= 1


def test_a_correction_that_changes_nothing_gives_the_same_levels(rng: np.random.Generator):
    levels = np.arange(256, dtype=np.float32)[:, None].repeat(3, axis=1)
    nothing = LightCorrection(levels, np.ones((16, 16, 3), np.float32))
    picture = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert np.array_equal(nothing(picture), picture)
