"""Rounded numbers are near, and come back from few bytes bit for bit."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from flawflow.training.detectors.gaussian import CellGaussian
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.detectors.rounding import to_digits, to_half, to_levels


def _drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 1000))
def test_products_of_rounded_numbers_are_exact(seed: int) -> None:
    one, other = to_digits(_drawn(50, seed=seed).exp()), to_digits(_drawn(50, seed=seed + 1) * 1e-4)
    assert torch.equal((one * other).double(), one.double() * other.double())


def test_rounding_keeps_eleven_digits() -> None:
    values = _drawn(1000).exp() * 1e-6
    assert float(((to_digits(values) - values) / values).abs().max()) <= 2**-11


def test_what_float16_cannot_hold_is_kept() -> None:
    assert to_half(torch.tensor([1.0, 1e-3])).tolist() == torch.tensor([1.0, 1e-3]).half().tolist()
    assert to_half(torch.tensor([1.0, 1e6])).tolist() == [1.0, 1e6]


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 5))
def test_columns_take_whole_levels_of_one_step(seed: int, depth: int, rank: int) -> None:
    basis = _drawn(3, depth, rank, seed=seed)
    basis[0, :, 0] = 0
    found = to_levels(basis)
    step = found.abs().amax(dim=1, keepdim=True) / 127
    levels = torch.where(step > 0, found / step, 0)
    assert torch.equal(levels, levels.round())
    assert float(levels.abs().max()) == 127
    assert bool(((found - basis).abs() <= 0.51 * step).all())
    assert not found[found == 0].signbit().any()


def test_positions_keep_their_ratio_in_float16() -> None:
    maps = _drawn(20, 6, 4) * torch.tensor([0.01, 1.0, 30.0, 0.3]) + 2
    exact = PositionStandardizer.from_data(maps, noise=0.5)
    rounded = exact.rounded()
    ratio = -rounded.mean / rounded.deviation
    assert torch.equal(ratio, ratio.half().float())
    torch.testing.assert_close(rounded(maps), exact(maps), rtol=2e-3, atol=0.2)
    torch.testing.assert_close(rounded.noise * rounded.deviation, exact.noise * exact.deviation)


@pytest.mark.parametrize("rank", [0, 2])
def test_a_rounded_gaussian_measures_nearly_the_same(rank: int) -> None:
    vectors = _drawn(40, 6, 5)
    exact = CellGaussian.from_data(lambda: iter((vectors,)), cell=2, rank=rank)
    rounded = exact.rounded()
    energy = exact.energy(exact(vectors))
    torch.testing.assert_close(rounded.energy(rounded(vectors)), energy, rtol=0.02, atol=0.02)
    assert rounded.basis.shape == exact.basis.shape
    assert torch.equal(rounded.offset, exact.offset.half().float())
