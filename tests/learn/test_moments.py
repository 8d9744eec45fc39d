"""Textures are measured position by position, objects against one mean."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import Tensor

from flawflow.learn.moments import position_moments, scale_moments, structure


def _distances(spread: float, *, rows: int = 60, seed: int = 0) -> Tensor:
    """Distances (rows, 32, 48) of deviation 1, whose positions' means have the deviation `spread`."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.randn(32, 48, generator=generator)
    return 7 + spread * places + torch.randn(rows, 32, 48, generator=generator)


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


def test_a_texture_keeps_the_means_of_its_positions() -> None:
    scales = [_distances(0.05), _distances(3.0)[:, :16, :24]]
    for scale, (mean, deviation) in zip(scales, scale_moments(scales, by_position=True), strict=True):
        own, expected = position_moments(scale)
        assert torch.equal(mean, own)
        assert torch.equal(deviation, expected)


def test_on_an_object_one_mean_serves_all_positions() -> None:
    # The finest scale decides for all.
    scales = [_distances(1.0), _distances(0.0)[:, :16, :24]]
    for scale, (mean, deviation) in zip(scales, scale_moments(scales, by_position=True), strict=True):
        own, expected = position_moments(scale)
        torch.testing.assert_close(mean, own.mean().expand_as(own))
        assert torch.equal(deviation, expected)


def test_between_the_two_a_mean_is_partly_a_positions_own() -> None:
    # A share of 6 %, the middle between texture and object.
    scale = _distances((0.06 / 0.94) ** 0.5, rows=2000)
    ((mean, _),) = scale_moments([scale], by_position=True)
    own, _ = position_moments(scale)
    assert float((mean - mean.mean()).std() / own.std()) == pytest.approx(0.5, abs=0.1)


def test_without_positions_the_maps_count_as_they_are() -> None:
    ((mean, deviation),) = scale_moments([torch.rand(3, 4, 5)], by_position=False)
    assert not mean.any()
    assert torch.equal(deviation, torch.ones(4, 5))
