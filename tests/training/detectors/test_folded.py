"""Folding computes constants in advance; the density must stay the same."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import build_flow, coupling_blocks
from flawflow.training.detectors.folded import FoldedFlow, unfold
from flawflow.training.detectors.folded_parts import Halve, Split
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.flows import (
    ActNorm,
    Affine,
    Bijection,
    Chain,
    Coupling,
    LULinear,
    Permutation,
    Rotation,
    ScaleShift,
    Shift,
    Standardize,
    Swap,
    Whiten,
    cflow_decoder,
    log_prob,
)
from flawflow.training.position_encoding import sine_position

GRID, D, C = (3, 5), 9, 8
POSITIONS = GRID[0] * GRID[1]
Generator = torch.Generator


def _covariance(d: int, generator: Generator) -> Tensor:
    mixing = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return mixing @ mixing.T + torch.eye(d, dtype=torch.float64)


def _cflow(d: int, c: int, g: Generator) -> Chain:
    return build_flow(_covariance(d, g), c, CflowOptions(blocks=3, hidden=16, mixing="rotation"), seed=4)


def _swaps(d: int, c: int, g: Generator) -> Chain:
    return build_flow(_covariance(d, g), c, CflowOptions(blocks=3, hidden=16, mixing="swap"), seed=4)


def _blocks_alone(d: int, c: int, g: Generator) -> Chain:
    return Chain(*coupling_blocks(d, c, CflowOptions(blocks=2, hidden=16), g))


def _no_mixing(d: int, c: int, g: Generator) -> Chain:
    return Chain(Coupling(Affine(), d, c, generator=g), Coupling(Shift(), d, c, generator=g), Arsinh(d, c))


def _paper(d: int, c: int, g: Generator) -> Chain:
    return cflow_decoder(d, c, 8, generator=g)


def _swaps_at_the_ends(d: int, c: int, g: Generator) -> Chain:
    return Chain(
        Swap(d),
        Coupling(Affine(), d, c, generator=g),
        Swap(d),
        Swap(d),
        Coupling(Shift(), d, c, generator=g),
        Swap(d),
    )


def _everything(d: int, c: int, g: Generator) -> Chain:
    return Chain(
        Standardize(torch.randn(d, generator=g), torch.rand(d, generator=g) + 0.5),
        LULinear(d, generator=g),
        Coupling(Shift(), d, c, generator=g),
        Permutation(d, generator=g),
        ActNorm(d),
        Coupling(Affine(), d, c, generator=g),
        Whiten(torch.randn(d, generator=g), torch.linalg.cholesky(_covariance(d, g)).float()),
        ScaleShift(d),
        Coupling(Shift(), d, c, generator=g),
    )


def _nested(d: int, c: int, g: Generator) -> Chain:
    return Chain(ActNorm(d), Chain(cflow_decoder(d, c, 2, generator=g), LULinear(d, generator=g)))


def _affine_alone(d: int, c: int, g: Generator) -> Chain:
    return Chain(ActNorm(d), LULinear(d, generator=g), ScaleShift(d), Rotation(d, generator=g))


def _rotations_alone(d: int, c: int, g: Generator) -> Chain:
    return Chain(Rotation(d, generator=g), Rotation(d, generator=g))


class Arsinh(Bijection):
    """y = arsinh(x) + Σ c, channel by channel: neither affine nor a coupling block."""

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return x.asinh() + _shift(condition), -0.5 * x.square().log1p().sum(dim=1)

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        return (y - _shift(condition)).sinh()


def _shift(condition: Tensor | None) -> Tensor:
    return torch.zeros(()) if condition is None else condition.sum(dim=1, keepdim=True)


def _nonlinear(d: int, c: int, g: Generator) -> Chain:
    return Chain(
        ActNorm(d),
        Arsinh(d, c),
        Coupling(Affine(), d, c, generator=g),
        Swap(d),
        Arsinh(d, c),
        Rotation(d, generator=g),
        Coupling(Shift(), d, c, generator=g),
        Swap(d),
    )


def _nonlinear_at_the_ends(d: int, c: int, g: Generator) -> Chain:
    return Chain(Arsinh(d, c), ActNorm(d), ActNorm(d), Coupling(Affine(), d, c, generator=g), Arsinh(d, c))


BUILDERS: dict[str, Callable[[int, int, Generator], Chain]] = {
    "cflow": _cflow,
    "swaps": _swaps,
    "blocks alone": _blocks_alone,
    "no mixing": _no_mixing,
    "paper": _paper,
    "swaps at the ends": _swaps_at_the_ends,
    "everything": _everything,
    "nested": _nested,
    "affine alone": _affine_alone,
    "rotations alone": _rotations_alone,
    "nonlinear": _nonlinear,
    "nonlinear at the ends": _nonlinear_at_the_ends,
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("d", [8, 9])
@pytest.mark.parametrize("channels", [0, C])
@pytest.mark.parametrize("standardised", [False, True])
def test_the_folded_flow_is_the_flow(name: str, d: int, channels: int, standardised: bool) -> None:
    generator = torch.Generator().manual_seed(5)
    flow = BUILDERS[name](d, channels, generator)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    condition = sine_position(*GRID, channels).flatten(1).T.contiguous() if channels else None
    maps = 3 * torch.randn(6, POSITIONS, d, generator=generator) + torch.randn(
        POSITIONS, d, generator=generator
    )
    standardizer = PositionStandardizer.from_data(maps, noise=0.5) if standardised else None
    before = {key: value.clone() for key, value in flow.state_dict().items()}
    folded = FoldedFlow(flow, condition, standardizer)
    assert all(torch.equal(before[key], value) for key, value in flow.state_dict().items())

    x = (maps if standardizer is None else standardizer(maps)).flatten(0, 1)
    conditions = None if condition is None else condition.repeat(len(maps), 1)
    with torch.no_grad():
        # float64, so that what is measured is the folded flow's rounding alone.
        exact = log_prob(flow.double(), x.double(), None if conditions is None else conditions.double())
        found = folded(maps).flatten()
        unfolded = unfold(torch.nn.Sequential(folded))(maps).flatten()
    assert exact.std() > 0.5
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(unfolded.double(), exact, rtol=1e-6, atol=1e-6)


def test_what_is_affine_is_one_matrix_and_the_last_rotation_goes() -> None:
    generator = torch.Generator().manual_seed(6)
    folded = FoldedFlow(_cflow(D, C, generator), sine_position(*GRID, C).flatten(1).T)
    assert len(folded.blocks) == 3
    assert folded.last is None
    # Of a block: its affine part in two, with offsets that are not applied, and the subnet. The positions'
    # conditions are held once.
    assert [block.before.shifts for block in folded.blocks] == [False] * 3
    block = D * D + D + (5 + C + 1) * 16 + (16 + 1) * 8
    assert sum(buffer.numel() for buffer in folded.buffers()) == 3 * block + POSITIONS * C


def test_a_swap_of_equal_halves_costs_nothing() -> None:
    generator = torch.Generator().manual_seed(6)
    folded = FoldedFlow(_swaps(8, C, generator), sine_position(*GRID, C).flatten(1).T)
    sizes = [sum(buffer.numel() for buffer in block.before.buffers()) for block in folded.blocks]
    assert sizes == [8 * 8 + 8, 0, 0]
    assert folded.last is None


@pytest.mark.parametrize("d", [8, 9])
def test_nothing_before_the_first_block_costs_nothing(d: int) -> None:
    generator = torch.Generator().manual_seed(6)
    folded = FoldedFlow(_blocks_alone(d, C, generator), None)
    assert isinstance(folded.blocks[0].before, Halve)
    x = torch.randn(7, d, generator=generator)
    halves = folded.blocks[0].before([x])
    assert [half.shape[1] for half in halves] == [d - d // 2, d // 2]
    assert torch.equal(torch.cat(halves, dim=1), x)
    assert isinstance(FoldedFlow(_swaps_at_the_ends(d, C, generator), None).blocks[0].before, Split)


def test_a_position_does_not_see_another_nor_a_picture_its_batch() -> None:
    generator = torch.Generator().manual_seed(7)
    folded = FoldedFlow(_paper(D, C, generator), sine_position(*GRID, C).flatten(1).T)
    maps = torch.randn(4, POSITIONS, D, generator=generator)
    changed = maps.clone()
    changed[1, 3] += 1
    with torch.no_grad():
        difference = (folded(changed) - folded(maps)).abs() > 1e-4
        torch.testing.assert_close(folded(maps[2:3])[0], folded(maps)[2], rtol=1e-5, atol=1e-4)
    assert difference.nonzero().tolist() == [[1, 3]]
