from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import MetricError
from flawflow.metrics import PixelMeasures
from flawflow.metrics.counts import counts_of
from flawflow.metrics.ranking import auroc
from flawflow.metrics.resampling import (
    SetCounts,
    measured_together,
    resampled_differences,
)

Picture = tuple[bool, float, np.ndarray, np.ndarray | None]


def pictures(seed: int, *, strength: float, good: int = 6, defective: int = 6) -> list[Picture]:
    """Noise maps; defective ones have two regions that are brighter by `strength`."""
    rng = np.random.default_rng(seed)
    made: list[Picture] = []
    for number in range(good + defective):
        values = rng.normal(10, 1, (24, 32)).astype(np.float32)
        mask = None
        if number >= good:
            mask = np.zeros((24, 32), bool)
            mask[2:6, 3 : 5 + number % 3] = mask[15:20, 20:28] = True
            values += np.float32(strength) * mask
        made.append((number >= good, float(values.max()), values, mask))
    return made


def counted(made: list[Picture]) -> SetCounts:
    return SetCounts.of(counts_of(f"{number}.png", *picture) for number, picture in enumerate(made))


def exact(made: list[Picture]) -> list[float]:
    pixels = PixelMeasures()
    for _, _, values, mask in made:
        pixels.update(values, mask)
    found = pixels.result()
    labels, scores = [one[0] for one in made], [one[1] for one in made]
    return [auroc(labels, scores), found.auroc, found.aupro]


@given(st.integers(0, 1000), st.floats(0, 3))
def test_weighted_counts_measure_what_repeated_pictures_would(seed: int, strength: float):
    made = pictures(seed, strength=strength)
    weights = np.random.default_rng(seed).integers(0, 3, len(made))
    weights[[0, -1]] = 1  # Of each kind there is one.
    repeated = [one for one, times in zip(made, weights, strict=True) for _ in range(times)]
    (measured,) = counted(made).measures(weights[None].astype(float))
    assert measured[0] == pytest.approx(exact(repeated)[0], abs=1e-12)
    # Scores within 0.8 % count as equal.
    assert measured[1:] == pytest.approx(exact(repeated)[1:], abs=0.01)


def test_counts_survive_their_file(tmp_path: Path):
    counts = counted(pictures(0, strength=1))
    counts.save(tmp_path / "counts.npz")
    again = SetCounts.load(tmp_path / "counts.npz")
    weights = np.ones((1, 12))
    assert again.names == counts.names
    assert again.measures(weights) == pytest.approx(counts.measures(weights), abs=1e-6)
    (tmp_path / "counts.npz").write_bytes((tmp_path / "counts.npz").read_bytes()[:100])
    with pytest.raises(MetricError, match=r"counts\.npz cannot be read"):
        SetCounts.load(tmp_path / "counts.npz")


def test_the_same_detector_differs_by_nothing():
    counts = counted(pictures(1, strength=1))
    assert np.array_equal(resampled_differences([counts], [counts]), np.zeros((1001, 3)))


def test_a_better_detector_is_better_whichever_pictures_are_drawn():
    better, worse = counted(pictures(2, strength=3)), counted(pictures(2, strength=0.3))
    draws = resampled_differences([better], [worse], resamples=200)
    assert (draws[:, 1:] > 0.05).all()
    assert draws[0] == pytest.approx(
        np.subtract(exact(pictures(2, strength=3)), exact(pictures(2, strength=0.3))), abs=0.01
    )


def test_the_interval_is_as_wide_as_new_test_pictures_scatter():
    # Two detectors of equal worth: of 40 sets of new pictures, about 5 % of the intervals miss 0.
    missed = 0
    for seed in range(40):
        first = pictures(1000 + seed, strength=1, good=12, defective=12)
        second = pictures(2000 + seed, strength=1, good=12, defective=12)
        draws = resampled_differences([counted(first)], [counted(second)], resamples=200)[:, 1]
        low, high = np.quantile(draws[1:], [0.025, 0.975])
        missed += not low <= 0 <= high
    assert missed <= 6


def test_pictures_are_paired_by_name_and_seeds_are_averaged():
    made = pictures(3, strength=1)
    whole = counted(made)
    shuffled = whole.ordered(whole.names[::-1])
    assert resampled_differences([whole], [shuffled], resamples=20) == pytest.approx(0, abs=1e-12)
    fewer = whole.ordered(whole.names[1:])
    assert resampled_differences([whole], [fewer], resamples=20) == pytest.approx(0, abs=1e-12)
    other = counted(pictures(4, strength=1))
    of_each = [resampled_differences([one], [other], resamples=20) for one in (whole, fewer)]
    of_both = resampled_differences([fewer, fewer], [other, other], resamples=20)
    assert of_both == pytest.approx(of_each[1])


def test_a_picture_without_a_mask_counts_as_a_picture_only():
    made = pictures(5, strength=2)
    unknown = [(is_defective, score, values, None) for is_defective, score, values, _ in made]
    (measured,) = counted(unknown).measures(np.ones((1, 12)))
    assert measured[0] == pytest.approx(exact(made)[0])
    assert np.isnan(measured[1:]).all()


@pytest.mark.parametrize("kept", [lambda one: one[0], lambda one: not one[0]])
def test_both_kinds_are_needed(kept: Callable[[Picture], bool]):
    counts = counted([one for one in pictures(6, strength=1) if kept(one)])
    with pytest.raises(MetricError, match="no good or no defective picture in common"):
        resampled_differences([counts], [counts])


def test_sets_together_measure_what_one_set_of_all_would():
    parts = [pictures(seed, strength=2, good=4 + seed, defective=5) for seed in range(3)]
    found = measured_together(counted(part) for part in parts)
    expected = exact([one for part in parts for one in part])
    assert found[0] == pytest.approx(expected[0], abs=1e-12)
    assert found[1:] == pytest.approx(expected[1:], abs=0.01)
    with pytest.raises(MetricError):
        measured_together([counted(parts[0][:2])])
