"""The price of noise: averaged as probabilities, what is paid gives the whole number's probability back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from flawflow.training.flows import (
    Affine,
    Chain,
    Coupling,
    Rotation,
    Standardize,
    UniformDequantisation,
    VariationalDequantisation,
)
from flawflow.training.flows.dequantise import Dequantisation

LEVELS = 4


def _noise(dimension: int, seed: int) -> Chain:
    generator = torch.Generator().manual_seed(seed)
    # About as wide as a logistic: a weight has no variance where q is much narrower than its cell.
    wide = Standardize(torch.zeros(dimension), torch.full((dimension,), 1 / 1.7))
    return Chain(wide, Coupling(Affine(), dimension, dimension, damping=0.3, generator=generator))


def _kinds(dimension: int) -> list[Dequantisation]:
    return [
        UniformDequantisation(dimension, LEVELS),
        VariationalDequantisation(LEVELS, _noise(dimension, seed=1)),
    ]


def _whole_numbers(count: int, dimension: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(LEVELS, (count, dimension), generator=generator).double()


@settings(max_examples=12, deadline=None)
@given(dimension=st.integers(2, 6), seed=st.integers(0, 2**31))
def test_rounding_down_undoes_it(dimension: int, seed: int) -> None:
    x = _whole_numbers(9, dimension, seed)
    for kind in _kinds(dimension):
        z, log_weight = kind(x)
        assert z.shape == x.shape
        assert log_weight.shape == (9,)
        assert bool(((z >= 0) & (z <= 1)).all())
        assert torch.equal(kind.inverse(z), x)


def test_the_noise_has_the_density_that_it_says() -> None:
    # The average of 1/q over q is the volume of the cell, whatever q is: 1/levels each way.
    x = torch.ones(200_000, 2)
    for kind in _kinds(2):
        weight = kind(x, torch.Generator().manual_seed(2))[1].exp()
        error = 4 * weight.std() / len(x) ** 0.5 + 1e-12
        assert weight.mean().item() == pytest.approx(LEVELS**-2, abs=error.item())


def test_averaged_it_is_the_probability_of_the_cell() -> None:
    mean, std = torch.tensor([0.4, 0.6]), torch.tensor([0.2, 0.3])
    flow = Standardize(mean, std)
    x = torch.tensor([1.0, 2.0]).expand(100_000, 2)
    normal = torch.distributions.Normal(mean, std)
    cell = (normal.cdf((x[0] + 1) / LEVELS) - normal.cdf(x[0] / LEVELS)).prod()
    for kind in _kinds(2):
        with torch.no_grad():
            bounds = kind.log_probability(flow, x, torch.Generator().manual_seed(3))
        error = 4 * bounds.exp().std() / len(x) ** 0.5
        assert bounds.exp().mean().item() == pytest.approx(cell.item(), abs=error.item())
        assert bounds.mean().item() < cell.log().item()


def test_learned_noise_pays_less() -> None:
    # A density that climbs steeply inside each cell: even noise pays for its empty half.
    flow = Standardize(torch.full((2,), 0.5), torch.full((2,), 0.04))
    x = torch.tensor([1.0, 2.0]).expand(512, 2)
    even, learned = UniformDequantisation(2, LEVELS), VariationalDequantisation(LEVELS, _noise_of_all())
    optimiser = torch.optim.Adam(learned.parameters(), lr=0.05)
    generator = torch.Generator().manual_seed(4)
    for _ in range(120):
        optimiser.zero_grad()
        (-learned.log_probability(flow, x, generator).mean()).backward()
        optimiser.step()
    for name, parameter in learned.named_parameters():
        assert parameter.grad is not None, name
    with torch.no_grad():
        paid, saved = (kind.log_probability(flow, x, generator).mean().item() for kind in (even, learned))
    normal = torch.distributions.Normal(0.5, 0.04)
    exact = sum(
        (normal.cdf((torch.tensor(k) + 1) / 4) - normal.cdf(torch.tensor(k) / 4)).log() for k in (1.0, 2.0)
    )
    assert paid + 1 < saved < float(exact)


def _noise_of_all() -> Chain:
    generator = torch.Generator().manual_seed(5)
    blocks = [Coupling(Affine(), 2, 2, hidden=16, generator=generator) for _ in range(4)]
    return Chain(*(part for block in blocks for part in (block, Rotation(2, generator=generator))))
