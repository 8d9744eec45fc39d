"""Textures are measured position by position, objects against one mean and one deviation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import gaussian_filter
from torch import Tensor

from flawflow.training.moments import position_moments, scale_moments, structure


def _distances(spread: float, *, rows: int = 60, seed: int = 0) -> Tensor:
    """Distances (rows, 32, 48) of deviation 1, whose positions' means have the deviation `spread`."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.randn(32, 48, generator=generator)
    return 7 + spread * places + torch.randn(rows, 32, 48, generator=generator)


def _sharing(share: float, *, rows: int = 60) -> Tensor:
    """Distances of which positions explain a share."""
    return _distances((share / (1 - share)) ** 0.5, rows=rows)


def test_moments_of_positions_are_smoothed_means_and_deviations() -> None:
    generator = torch.Generator().manual_seed(3)
    distances = 5 + torch.rand(8, 40, generator=generator) * torch.randn(500, 8, 40, generator=generator)
    mean, deviation = position_moments(distances)
    sigma = 8 / 32
    values = distances.double().numpy()
    expected = gaussian_filter(values.mean(axis=0), sigma, mode="reflect")
    np.testing.assert_allclose(mean.numpy(), expected, rtol=1e-5)
    local = gaussian_filter(((values - expected) ** 2).mean(axis=0), sigma, mode="reflect")
    np.testing.assert_allclose(deviation.numpy(), np.sqrt(local + 0.25 * values.var(ddof=1)), rtol=1e-5)


def test_constant_distances_still_have_a_deviation() -> None:
    mean, deviation = position_moments(torch.full((3, 4, 5), 7.0))
    torch.testing.assert_close(mean, torch.full((4, 5), 7.0))
    assert deviation.min() > 0
    assert deviation.isfinite().all()


@given(st.floats(0, 2), st.integers(4, 60), st.integers(0, 100))
def test_structure_is_the_intraclass_correlation(spread: float, rows: int, seed: int) -> None:
    # However few the pictures: what chance adds to the means is taken off.
    found = structure(_distances(spread, rows=rows, seed=seed))
    assert 0 <= found <= 1
    assert found == pytest.approx(spread**2 / (1 + spread**2), abs=0.05)


def test_structure_of_the_border_does_not_count() -> None:
    distances = _distances(0.0)
    distances[:, :2] += 50
    distances[:, :, -2:] += 50
    assert structure(distances) < 0.01


def test_without_anything_to_compare_there_is_no_structure() -> None:
    assert structure(torch.rand(1, 8, 8)) == structure(torch.rand(5, 1, 1)) == 0
    assert structure(torch.full((3, 4, 5), 7.0)) == 0


def _left(distances: Tensor, mean: Tensor, deviation: Tensor, side: int) -> float:
    """What is left of the noise of normalised distances where `side` × `side` of them are averaged."""
    normalised = ((distances - mean) / deviation).double().numpy()
    windows = sliding_window_view(normalised, (side, side), axis=(1, 2))[:, :: side // 2, :: side // 2]
    return float(windows.mean(axis=(3, 4)).std(ddof=1))


@pytest.mark.parametrize("share", [0.0025, 0.03])
def test_on_a_texture_each_position_has_its_own_moments(share: float) -> None:
    # The finest scale decides for all.
    scales = [_sharing(share), _distances(3.0)[:, :16, :24]]
    for scale, (mean, deviation) in zip(scales, scale_moments(scales, by_position=True), strict=True):
        own, expected = position_moments(scale)
        assert torch.equal(mean, own)
        left = _left(scale, own, expected, side=scale.shape[1] // 8)
        torch.testing.assert_close(deviation, expected * left, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("share", [0.18, 0.5])
def test_on_an_object_all_positions_have_one_mean_and_one_deviation(share: float) -> None:
    scales = [_sharing(share), _distances(0.0)[:, :16, :24]]
    for scale, (mean, deviation) in zip(scales, scale_moments(scales, by_position=True), strict=True):
        torch.testing.assert_close(mean, scale.mean().expand_as(mean))
        left = _left(scale, scale.mean(), scale.std(), side=scale.shape[1] // 8)
        torch.testing.assert_close(deviation, (scale.std() * left).expand_as(mean), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("share", "kept"), [(0.07, 0.75), (0.1, 0.5), (0.13, 0.25)])
def test_between_the_two_moments_are_partly_a_positions_own(share: float, kept: float) -> None:
    # From 4 % to 16 %. The deviation is 1 on the left and 2 on the right.
    scale = _sharing(share, rows=2000)
    scale[:, :, 24:] = scale.mean() + 2 * (scale[:, :, 24:] - scale.mean())
    own_share = structure(scale)
    ((mean, deviation),) = scale_moments([scale], by_position=True)
    own, own_deviation = position_moments(scale)
    assert float((mean - mean.mean()).std() / own.std()) == pytest.approx(kept, abs=0.1)
    expected = torch.lerp(scale.std(), own_deviation, (0.16 - own_share) / 0.12)
    torch.testing.assert_close(deviation / deviation.mean(), expected / expected.mean(), rtol=1e-4, atol=1e-4)


def test_noise_counts_by_what_is_left_of_it_at_a_defects_size() -> None:
    generator = torch.Generator().manual_seed(1)
    alike = torch.randn(400, 1, 1, generator=generator).expand(-1, 32, 48)
    apart = torch.randn(400, 32, 48, generator=generator)
    turns = (torch.arange(32)[:, None] + torch.arange(48)) % 2 * 2 - 1
    found = []
    for noise in (alike, apart, alike * turns):
        ((_, deviation),) = scale_moments([noise], by_position=True)
        found.append(float((deviation / position_moments(noise)[1]).mean()))
    # A position's deviation is √1.25 of the noise's. Of it stays what a whole picture has in common; of 4 × 4
    # that are independent a quarter; of what cancels, the least that is allowed.
    assert found == pytest.approx([1 / 1.25**0.5, 0.25 / 1.25**0.5, 0.05], abs=0.01)


@given(st.floats(0.01, 100), st.floats(-50, 50), st.sampled_from([0.0, 0.1, 1.0]))
def test_units_do_not_matter(factor: float, offset: float, spread: float) -> None:
    distances = _distances(spread, rows=5)
    ((mean, deviation),) = scale_moments([distances], by_position=True)
    ((other_mean, other),) = scale_moments([factor * distances + offset], by_position=True)
    torch.testing.assert_close(other, factor * deviation, rtol=1e-3, atol=1e-3 * factor)
    torch.testing.assert_close(other_mean, factor * mean + offset, rtol=1e-3, atol=1e-2 * factor + 1e-3)


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 1, 1), (1, 8, 8)])
def test_distances_that_do_not_vary_are_divided_by_something(shape: tuple[int, int, int]) -> None:
    ((mean, deviation),) = scale_moments([torch.full(shape, 7.0)], by_position=True)
    torch.testing.assert_close(mean, torch.full(shape[1:], 7.0))
    assert deviation.min() > 0
    assert deviation.isfinite().all()


def test_without_positions_the_maps_count_as_they_are() -> None:
    ((mean, deviation),) = scale_moments([torch.rand(3, 4, 5)], by_position=False)
    assert not mean.any()
    assert torch.equal(deviation, torch.ones(4, 5))
