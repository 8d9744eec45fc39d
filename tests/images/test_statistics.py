import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageFilter

from flawflow.images.statistics import image_statistics

SIZE = (48, 64)
EVERYWHERE = np.ones(SIZE, np.bool_)


@pytest.fixture
def scene(rng: np.random.Generator) -> np.ndarray:
    """Blurred noise with a bright disc left of the middle; far from black and white."""
    noise = Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))
    levels = np.asarray(noise.filter(ImageFilter.GaussianBlur(0.7)), np.float32) * 0.4 + 40
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    levels[np.hypot(rows - 24, columns - 20) < 10] += 60
    return levels.astype(np.uint8)


def differences(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    before, after = (vars(image_statistics(picture, EVERYWHERE)) for picture in (one, other))
    return {name: after[name] / before[name] - 1 for name in before}


def only(changes: dict[str, float], *names: str, tolerance: float = 0.01) -> bool:
    return all(abs(change) < tolerance for name, change in changes.items() if name not in names)


def test_light_changes_the_brightness_alone(scene: np.ndarray):
    changes = differences(scene, (scene * 1.2).astype(np.uint8))
    assert changes["brightness"] == pytest.approx(0.2, abs=0.01)
    assert only(changes, "brightness")


def test_blur_and_noise_change_the_sharpness(scene: np.ndarray, rng: np.random.Generator):
    blurred = np.asarray(Image.fromarray(scene).filter(ImageFilter.GaussianBlur(1)))
    assert differences(scene, blurred)["sharpness"] < -0.2
    noisy = (scene + rng.integers(-9, 10, scene.shape)).astype(np.uint8)
    assert differences(scene, noisy)["sharpness"] > 0.05


def test_a_colour_cast_changes_the_colours(scene: np.ndarray):
    changes = differences(scene, (scene * np.array([1.1, 1.0, 0.9])).astype(np.uint8))
    assert changes["red"] == pytest.approx(0.1, abs=0.02)
    assert changes["blue"] == pytest.approx(-0.1, abs=0.02)
    assert only(changes, "red", "blue", tolerance=0.03)


def test_a_moved_part_changes_its_place():
    scene = np.zeros((*SIZE, 3), np.uint8)
    scene[10:20, 10:20] = 200
    changes = differences(scene, np.roll(scene, (3, 6), axis=(0, 1)))
    before = image_statistics(scene, EVERYWHERE)
    assert (before.across, before.down) == pytest.approx((15 / 64, 15 / 48), abs=1e-3)
    assert changes["across"] * before.across == pytest.approx(6 / 64, abs=1e-3)
    assert changes["down"] * before.down == pytest.approx(3 / 48, abs=1e-3)
    assert only(changes, "across", "down", tolerance=1e-3)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_picture_has_statistics_too(level: int):
    found = image_statistics(np.full((*SIZE, 3), level, np.uint8), EVERYWHERE)
    assert found.brightness == pytest.approx(level / 255, abs=1e-6)
    assert (found.contrast, found.across, found.down) == (0, 0.5, 0.5)


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))),
    st.integers(0, 2**32 - 1),
)
def test_what_does_not_count_changes_nothing_and_all_is_finite(picture: np.ndarray, seed: int):
    rng = np.random.default_rng(seed)
    roi_mask = rng.random(picture.shape[:2]) < 0.7
    roi_mask.flat[0] = True
    noise = rng.integers(0, 256, picture.shape, dtype=np.uint8)
    found = image_statistics(picture, roi_mask)
    assert found == image_statistics(np.where(roi_mask[..., None], picture, noise), roi_mask)
    assert np.isfinite(list(vars(found).values())).all()


def test_a_mask_of_everything_is_no_mask(scene: np.ndarray):
    hardly = EVERYWHERE.copy()
    hardly[0, 0] = False
    one, other = (vars(image_statistics(scene, mask)) for mask in (EVERYWHERE, hardly))
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=0.01)
