"""What every bijection must obey; the list is read from the package, so that a new one cannot escape."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor

from flawflow.training import flows
from flawflow.training.flows import (
    ActNorm,
    Affine,
    Autoregressive,
    Bijection,
    Chain,
    Continuous,
    Coupling,
    EstimatedLogDet,
    LogisticMixture,
    LULinear,
    MonotoneNetwork,
    Permutation,
    Residual,
    Rotation,
    ScaleShift,
    Shift,
    Spline,
    Standardize,
    Swap,
    Transformer,
    Whiten,
    cflow_decoder,
)
from flawflow.training.flows.folding import AffineFold, CouplingFold, Fold, NoFold

Generator = torch.Generator
Builder = Callable[[int, int, Generator, bool], Bijection]
TRANSFORMERS = (Affine(), LogisticMixture(3), MonotoneNetwork(3), Shift(), Spline(4, 3.0))
FREE_FORM = ("Residual", "Continuous")


def _whiten(dimension: int, condition: int, generator: Generator, fresh: bool) -> Whiten:
    x = torch.randn(4 * dimension, dimension, generator=generator)
    return Whiten.from_data(x @ torch.randn(dimension, dimension, generator=generator), shrinkage=0.1)


def _steered(kind: type[Coupling] | type[Autoregressive], transformer: Transformer) -> Builder:
    return lambda d, c, g, fresh: kind(transformer, d, c, start_at_identity=fresh, generator=g)


# The last argument: begin at the identity, where that can be chosen.
BUILDERS: dict[str, Builder] = {
    "ActNorm": lambda d, c, g, fresh: ActNorm(d),
    "Chain": lambda d, c, g, fresh: Chain(
        ActNorm(d), LULinear(d, generator=g), cflow_decoder(d, c, blocks=2, generator=g)
    ),
    "Continuous": lambda d, c, g, fresh: Continuous(d, c, steps=12, start_at_identity=fresh, generator=g),
    "LULinear": lambda d, c, g, fresh: LULinear(d, generator=g),
    "Permutation": lambda d, c, g, fresh: Permutation(d, generator=g),
    "Residual": lambda d, c, g, fresh: Residual(d, c, start_at_identity=fresh, generator=g),
    "Rotation": lambda d, c, g, fresh: Rotation(d, generator=g),
    "ScaleShift": lambda d, c, g, fresh: ScaleShift(d),
    "Standardize": lambda d, c, g, fresh: Standardize(
        torch.randn(d, generator=g), torch.rand(d, generator=g) + 0.2
    ),
    "Swap": lambda d, c, g, fresh: Swap(d),
    "Whiten": _whiten,
} | {
    f"{kind.__name__} {type(transformer).__name__}": _steered(kind, transformer)
    for kind in (Coupling, Autoregressive)
    for transformer in TRANSFORMERS
}


def _exported(base: type) -> set[str]:
    items = (getattr(flows, name) for name in flows.__all__)
    return {
        item.__name__
        for item in items
        if isinstance(item, type) and issubclass(item, base) and item not in (base, EstimatedLogDet)
    }


@dataclass(frozen=True)
class Case:
    bijection: Bijection
    x: Tensor
    condition: Tensor | None

    @property
    def close(self) -> dict[str, float]:
        """How exact it is: to rounding, or as it says itself."""
        return {"rtol": 1e-9 + self.bijection.tolerance, "atol": 1e-9 + self.bijection.tolerance}


def make(kind: str, count: int, dimension: int, condition: int, seed: int, *, fresh: bool = False) -> Case:
    """A bijection far from its first state, or fresh, with vectors to map."""
    if kind == "Continuous":
        pytest.importorskip("torchdiffeq")
    generator = torch.Generator().manual_seed(seed)
    bijection = BUILDERS[kind](dimension, condition, generator, fresh)
    with torch.no_grad():
        for parameter in () if fresh else bijection.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    x = 2 * torch.randn(count, dimension, generator=generator)
    c = torch.randn(count, condition, generator=generator) if bijection.condition_dimension else None
    return Case(bijection, x, c)


every_bijection = pytest.mark.parametrize("kind", sorted(BUILDERS))
sizes = given(
    count=st.integers(1, 5),
    dimension=st.integers(2, 7),
    condition=st.integers(0, 4),
    seed=st.integers(0, 2**31),
)
few = settings(max_examples=12, deadline=None)


def test_every_exported_bijection_is_tested() -> None:
    assert {name.split()[0] for name in BUILDERS} == _exported(Bijection)
    assert {type(transformer).__name__ for transformer in TRANSFORMERS} == _exported(Transformer)


@every_bijection
@few
@sizes
def test_inverse_undoes_forward(kind: str, count: int, dimension: int, condition: int, seed: int) -> None:
    case = make(kind, count, dimension, condition, seed)
    y, log_det = case.bijection(case.x, case.condition)
    assert y.shape == case.x.shape
    assert log_det.shape == (count,)
    assert y.dtype == log_det.dtype == torch.float64
    torch.testing.assert_close(case.bijection.inverse(y, case.condition), case.x, **case.close)


@every_bijection
@few
@sizes
def test_log_det_is_that_of_the_jacobian(
    kind: str, count: int, dimension: int, condition: int, seed: int
) -> None:
    case = make(kind, count, dimension, condition, seed)
    _, log_det = case.bijection(case.x, case.condition)
    for row in range(count):
        c = None if case.condition is None else case.condition[row : row + 1]

        def alone(vector: Tensor, c: Tensor | None = c) -> Tensor:
            return case.bijection(vector[None], c)[0][0]

        jacobian = torch.autograd.functional.jacobian(alone, case.x[row])
        torch.testing.assert_close(log_det[row], torch.linalg.slogdet(jacobian).logabsdet, **case.close)


@every_bijection
@few
@sizes
def test_a_row_does_not_see_its_batch(
    kind: str, count: int, dimension: int, condition: int, seed: int
) -> None:
    case = make(kind, count, dimension, condition, seed)
    y, log_det = case.bijection(case.x, case.condition)
    for row in range(count):
        c = None if case.condition is None else case.condition[row : row + 1]
        y_alone, log_det_alone = case.bijection(case.x[row : row + 1], c)
        torch.testing.assert_close(y_alone[0], y[row], rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(log_det_alone[0], log_det[row], rtol=1e-10, atol=1e-10)


@every_bijection
@few
@sizes
def test_it_folds_to_itself(kind: str, count: int, dimension: int, condition: int, seed: int) -> None:
    case = make(kind, count, dimension, condition, seed)
    found, log_det = case.x, torch.zeros(count)
    for fold in case.bijection.fold():
        found, change = _applied(fold, found, case.condition)
        log_det = log_det + change
    expected, expected_log_det = case.bijection(case.x, case.condition)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(log_det, expected_log_det, rtol=1e-9, atol=1e-9)


def _applied(fold: Fold, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
    if isinstance(fold, AffineFold):
        return x @ fold.matrix + fold.offset, torch.full((len(x),), fold.log_det)
    if isinstance(fold, NoFold):
        answered = isinstance(fold.bijection, Coupling | Autoregressive)
        assert answered or type(fold.bijection).__name__ in FREE_FORM, "what does not fold needs a reason"
        return fold.bijection(x, condition)
    assert isinstance(fold, CouplingFold)
    active = x.shape[1] // 2
    x1, x2 = x[:, :-active], x[:, -active:]
    answer = fold.damping * fold.subnet(x1, condition)
    log_scale = torch.zeros_like(x2) if fold.clamp is None else fold.clamp * answer[:, :active].tanh()
    return torch.cat((x1, x2 * log_scale.exp() + answer[:, -active:]), dim=1), log_scale.sum(dim=1)


@every_bijection
@pytest.mark.parametrize("dimension", [5, 6])
@pytest.mark.parametrize("condition", [0, 3])
def test_every_parameter_learns(kind: str, dimension: int, condition: int) -> None:
    case = make(kind, 32, dimension, condition, seed=3)
    flows.likelihood_loss(case.bijection, case.x.requires_grad_(), case.condition).backward()
    assert case.x.grad is not None
    assert bool(case.x.grad.abs().sum(dim=1).gt(0).all())
    for name, parameter in case.bijection.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
        assert bool(parameter.grad.any()), name


@every_bijection
def test_gradient_reaches_the_input_through_the_inverse(kind: str) -> None:
    case = make(kind, 4, 5, 3, seed=4)
    y = case.x.clone().requires_grad_()
    case.bijection.inverse(y, case.condition).square().sum().backward()
    assert y.grad is not None
    assert bool(y.grad.abs().sum(dim=1).gt(0).all())


@every_bijection
@pytest.mark.parametrize("condition", [0, 3])
def test_saved_and_loaded_it_is_the_same(kind: str, condition: int) -> None:
    case = make(kind, 4, 5, condition, seed=5)
    other = make(kind, 4, 5, condition, seed=6).bijection
    other.load_state_dict(load(save(case.bijection.state_dict())))
    expected = case.bijection(case.x, case.condition)
    got = other(case.x, case.condition)
    assert torch.equal(got[0], expected[0])
    assert torch.equal(got[1], expected[1])
    assert torch.equal(other.inverse(case.x, case.condition), case.bijection.inverse(case.x, case.condition))


@every_bijection
@pytest.mark.parametrize("condition", [0, 3])
def test_fresh_blocks_are_the_identity(kind: str, condition: int) -> None:
    case = make(kind, 4, 5, condition, seed=12, fresh=True)
    if not isinstance(case.bijection, Coupling | Autoregressive | EstimatedLogDet):
        pytest.skip("it begins elsewhere, or is the identity until it is told the data")
    y, log_det = case.bijection(case.x, case.condition)
    torch.testing.assert_close(y, case.x, rtol=0, atol=1e-14)
    torch.testing.assert_close(log_det, torch.zeros(4), rtol=0, atol=1e-13)


@every_bijection
def test_one_after_the_other_is_their_chain(kind: str) -> None:
    one, two = (make(kind, 4, 5, 3, seed) for seed in (13, 14))
    between, first = one.bijection(one.x, one.condition)
    y, second = two.bijection(between, one.condition)
    chain = Chain(one.bijection, two.bijection)
    found, log_det = chain(one.x, one.condition)
    torch.testing.assert_close(found, y)
    torch.testing.assert_close(log_det, first + second)
    assert chain.tolerance == one.bijection.tolerance + two.bijection.tolerance
    assert chain.exportable == one.bijection.exportable


@every_bijection
def test_the_condition_changes_its_own_row_alone(kind: str) -> None:
    case = make(kind, 4, 5, 3, seed=15)
    if case.condition is None:
        pytest.skip("it takes no condition")
    other = case.condition.clone()
    other[1] += 1
    (y, log_det), (moved, changed) = (case.bijection(case.x, c) for c in (case.condition, other))
    same = torch.tensor([0, 2, 3])
    torch.testing.assert_close(moved[same], y[same], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(changed[same], log_det[same], rtol=1e-12, atol=1e-12)
    assert (moved[1] - y[1]).abs().max() > 1e-3


@every_bijection
def test_it_leaves_its_input_alone(kind: str) -> None:
    case = make(kind, 4, 5, 3, seed=7)
    before = case.x.clone()
    case.bijection(case.x, case.condition)
    case.bijection.inverse(case.x, case.condition)
    assert torch.equal(case.x, before)


@every_bijection
@pytest.mark.parametrize("shape", [(3, 4), (5,), (2, 5, 1), (5, 3)])
def test_a_wrong_shape_is_named(kind: str, shape: tuple[int, ...]) -> None:
    bijection = make(kind, 3, 5, 0, seed=8).bijection
    for call in (bijection, bijection.inverse):
        with pytest.raises(
            ValueError, match=r"Expected input of shape \(N, D\) with D = 5; got \("
        ) as caught:
            call(torch.zeros(shape))
        assert str(shape) in str(caught.value)


@pytest.mark.parametrize(
    "kind", ["Autoregressive Affine", "Coupling Shift", "Residual", "Continuous", "Chain"]
)
@pytest.mark.parametrize("shape", [None, (3, 2), (4, 3), (3,)])
def test_a_wrong_condition_is_named(kind: str, shape: tuple[int, ...] | None) -> None:
    bijection = make(kind, 3, 5, 3, seed=9).bijection
    condition = None if shape is None else torch.zeros(shape)
    for call in (bijection, bijection.inverse):
        with pytest.raises(ValueError, match=r"Expected condition of shape \(N, C\) = \(3, 3\); got"):
            call(torch.zeros(3, 5), condition)


@every_bijection
def test_the_same_generator_makes_the_same_bijection(kind: str) -> None:
    global_state = torch.get_rng_state()
    one, two = (make(kind, 1, 6, 3, seed=10).bijection.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert torch.equal(torch.get_rng_state(), global_state), "torch's own generator was used"


@every_bijection
def test_single_precision_stays_single(kind: str) -> None:
    case = make(kind, 4, 6, 3, seed=11)
    condition = None if case.condition is None else case.condition.float()
    y, log_det = case.bijection.float()(case.x.float(), condition)
    assert y.dtype == log_det.dtype == torch.float32
    torch.testing.assert_close(case.bijection.inverse(y, condition), case.x.float(), rtol=1e-3, atol=1e-3)
