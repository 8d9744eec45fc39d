"""The same numbers as other people's code on the same weights; what is not installed is not asked."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from flawflow.training.flows import (
    Affine,
    Autoregressive,
    Continuous,
    Coupling,
    LULinear,
    MonotoneNetwork,
    Residual,
    Shift,
    Spline,
    Transformer,
)

D, C = 5, 3
SAME = {"rtol": 1e-10, "atol": 1e-10}


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _points(count: int = 40) -> tuple[Tensor, Tensor]:
    return 2 * torch.randn(count, D, generator=_generator(1)), torch.randn(count, C, generator=_generator(2))


def _zuko_element(transformer: Transformer, p: Tensor):
    """The transform of zuko that has these parameters, (N, P, A)."""
    from zuko import transforms

    if isinstance(transformer, Shift):
        return transforms.AdditiveTransform(p[:, 0])
    if isinstance(transformer, Affine):
        # zuko bends a log-scale v as v / (1 + |v| / log 1000); ours is tanh's.
        log_scale = transformer.clamp * p[:, 0].tanh()
        bent = log_scale / (1 - log_scale.abs() / math.log(1e3))
        return transforms.MonotonicAffineTransform(p[:, 1], bent, slope=1e-3)
    assert isinstance(transformer, Spline)
    parts = p.movedim(1, 2).split((transformer.bins, transformer.bins, transformer.bins - 1), dim=2)
    return transforms.MonotonicRQSTransform(*parts, bound=transformer.bound)


def _zuko_block(block: Coupling | Autoregressive, condition: Tensor):
    from zuko import transforms

    def element(known: Tensor):
        steered = block._steer(known, condition)
        return transforms.DependentTransform(_zuko_element(block.transformer, steered), 1)

    if isinstance(block, Coupling):
        return transforms.CouplingTransform(element, torch.arange(D) < block.passive)
    return transforms.AutoregressiveTransform(element, passes=D)


@pytest.mark.parametrize("transformer", [Shift(), Affine(), Spline()], ids=["shift", "affine", "spline"])
@pytest.mark.parametrize("kind", [Coupling, Autoregressive])
def test_blocks_are_those_of_zuko(
    kind: type[Coupling] | type[Autoregressive], transformer: Transformer
) -> None:
    pytest.importorskip("zuko")
    block = kind(transformer, D, C, generator=_generator())
    x, condition = _points()
    x[0] *= 10  # beyond a spline's bound
    y, log_det = block(x, condition)
    theirs = _zuko_block(block, condition)
    their_y, their_log_det = theirs.call_and_ladj(x)
    torch.testing.assert_close(y, their_y, **SAME)
    torch.testing.assert_close(log_det, their_log_det, **SAME)
    torch.testing.assert_close(block.inverse(y, condition), theirs.inv(y), rtol=1e-8, atol=1e-8)


def test_a_monotone_network_is_that_of_pyro() -> None:
    neural = pytest.importorskip("pyro.distributions.transforms.neural_autoregressive")
    block = Autoregressive(MonotoneNetwork(6), D, C, generator=_generator())
    x, condition = _points()

    def answers(known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slopes, offsets, weights = block._steer(known, condition).unflatten(1, (3, 6)).unbind(dim=1)
        factors = torch.linspace(0.5, 1.5, 6)[:, None]
        return slopes + torch.tensor(torch.e - 1).log(), weights, factors * offsets

    theirs = neural.NeuralAutoregressive(answers, hidden_units=6, activation="sigmoid")
    y, log_det = block(x, condition)
    their_y = theirs._call(x)
    # They add 1e-8 inside a logarithm and cut sigmoids off near 0 and 1.
    torch.testing.assert_close(y, their_y, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(log_det, theirs.log_abs_det_jacobian(x, their_y), rtol=1e-6, atol=1e-6)


def test_a_monotone_network_is_inverted_as_zuko_inverts_it() -> None:
    transforms = pytest.importorskip("zuko.transforms")
    network, x = MonotoneNetwork(6), _points()[0]
    p = torch.randn(len(x), network.parameters, D, generator=_generator(3))
    theirs = transforms.MonotonicTransform(lambda x: network.forward(x, p)[0], bound=50.0, eps=1e-9)
    y, log_slope = network.forward(x, p)
    torch.testing.assert_close(log_slope, theirs.log_abs_det_jacobian(x.clone(), y), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(network.inverse(y, p), theirs.inv(y), rtol=1e-6, atol=1e-6)


def test_a_mixing_matrix_is_zukos_transposed() -> None:
    transforms = pytest.importorskip("zuko.transforms")
    ours, x = LULinear(D, generator=_generator()), _points()[0]
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=_generator(4)))
    lower, upper = ours._triangles()
    # zuko's L has the scales and its U the unit diagonal: those of ours transposed, (L·U)ᵀ = Uᵀ·Lᵀ.
    theirs = transforms.LULinearTransform(upper.T + lower.T.triu(1))
    torch.testing.assert_close(theirs(torch.eye(D))[ours.order], ours.matrix(), **SAME)
    torch.testing.assert_close(ours(x)[1], theirs.log_abs_det_jacobian(x, x).expand(len(x)), **SAME)


def test_a_continuous_flow_is_zukos() -> None:
    pytest.importorskip("torchdiffeq")
    transforms = pytest.importorskip("zuko.transforms")
    ours = Continuous(D, C, steps=32, generator=_generator())
    x, condition = _points(10)
    theirs = transforms.FreeFormJacobianTransform(
        lambda t, x: ours.velocity(t, x, condition)[0], atol=1e-10, rtol=1e-10
    )
    y, log_det = ours(x, condition)
    their_y, their_log_det = theirs.call_and_ladj(x)
    torch.testing.assert_close(y, their_y, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(log_det, their_log_det, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ours.inverse(y, condition), theirs.inv(y), rtol=1e-7, atol=1e-7)


def test_a_residual_block_is_that_of_normflows_in_expectation() -> None:
    residual = pytest.importorskip("normflows.flows.residual")
    ours = Residual(D, generator=_generator())
    x = _points(4)[0]
    theirs = residual.Residual(_Contraction(ours), reverse=True, reduce_memory=False).double()
    draws = []
    torch.manual_seed(0)
    for _ in range(800):
        with torch.no_grad():
            their_y, log_det = theirs.inverse(x.clone())
        draws.append(log_det)
    y, log_det = ours(x)
    torch.testing.assert_close(y, their_y, **SAME)
    found = torch.stack(draws)
    error = found.std(dim=0) / len(draws) ** 0.5
    assert bool(((found.mean(dim=0) - log_det).abs() < 4 * error + 1e-4).all())


class _Contraction(torch.nn.Module):
    """What a residual block adds."""

    def __init__(self, block: Residual) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block.contraction() * self.block.field(x, None)[0]


@pytest.mark.parametrize(
    "make",
    [lambda: Residual(D, C, generator=_generator()), lambda: Continuous(D, C, generator=_generator())],
    ids=["residual", "continuous"],
)
def test_an_estimate_is_right_in_expectation(make: Callable[[], Residual | Continuous]) -> None:
    pytest.importorskip("torchdiffeq")
    block = make()
    x, condition = _points(3)
    y, exact = block.exact(x, condition)
    with torch.no_grad():
        draws = torch.stack([block.estimated(x, condition)[1] for _ in range(300)])
    error = draws.std(dim=0) / len(draws) ** 0.5
    assert bool((error > 0).all())
    assert bool(((draws.mean(dim=0) - exact).abs() < 4 * error).all())
    # After learning it is a function again, of fixed directions.
    block.eval()
    one, two = (block.estimated(x, condition) for _ in range(2))
    assert torch.equal(one[1], two[1])
    torch.testing.assert_close(one[0], y)
