"""The decoder against FrEIA 0.2, whose block the reference is built of."""

import warnings

import pytest
import torch
from torch import Tensor, nn

from flawflow.training.flows import Chain, Coupling, Rotation, ScaleShift, cflow_decoder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from FrEIA.modules import AllInOneBlock

BLOCKS = 3


def _subnet(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 2 * inputs), nn.ReLU(), nn.Linear(2 * inputs, outputs))


def _oracle(dimension: int, condition: int) -> nn.ModuleList:
    blocks = nn.ModuleList(
        AllInOneBlock(
            [(dimension,)],
            [(condition,)] if condition else [],
            subnet_constructor=_subnet,
            affine_clamping=1.9,
            global_affine_type="SOFTPLUS",
            permute_soft=True,
        )
        for _ in range(BLOCKS)
    ).double()
    with torch.no_grad():
        for parameter in blocks.parameters():
            if parameter.requires_grad:
                parameter.add_(0.5 * torch.randn_like(parameter))
    return blocks


def _copy(oracle: nn.ModuleList, decoder: Chain) -> None:
    parts = list(decoder)
    for index, block in enumerate(oracle):
        coupling, scale, rotation = parts[3 * index : 3 * index + 3]
        assert isinstance(coupling, Coupling)
        assert isinstance(scale, ScaleShift)
        assert isinstance(rotation, Rotation)
        first, _, last = block.subnet
        with torch.no_grad():
            coupling.subnet.passive.weight.copy_(first.weight[:, : coupling.passive])
            coupling.subnet.passive.bias.copy_(first.bias)
            if coupling.subnet.condition is not None:
                coupling.subnet.condition.weight.copy_(first.weight[:, coupling.passive :])
            coupling.subnet.last.load_state_dict(last.state_dict())
            scale.g.copy_(block.global_scale.flatten())
            scale.shift.copy_(block.global_offset.flatten())
            rotation.matrix.copy_(block.w_perm)


def _push(oracle: nn.ModuleList, x: Tensor, condition: list[Tensor]) -> tuple[Tensor, Tensor]:
    total = torch.zeros(len(x))
    for block in oracle:
        (x,), log_det = block((x,), condition)
        total = total + log_det
    return x, total


def _pull(oracle: nn.ModuleList, y: Tensor, condition: list[Tensor]) -> Tensor:
    for block in reversed(oracle):
        (y,), _ = block((y,), condition, rev=True)
    return y


@pytest.fixture(params=[(8, 128), (7, 128), (7, 0), (2, 4)], ids=str)
def pair(request: pytest.FixtureRequest) -> tuple[nn.ModuleList, Chain, Tensor, list[Tensor]]:
    dimension, condition = request.param
    torch.manual_seed(0)
    oracle = _oracle(dimension, condition)
    decoder = cflow_decoder(dimension, condition, BLOCKS)
    _copy(oracle, decoder)
    return oracle, decoder, 2 * torch.randn(16, dimension), [torch.randn(16, condition)] if condition else []


def test_output_and_log_det_agree(pair: tuple[nn.ModuleList, Chain, Tensor, list[Tensor]]) -> None:
    oracle, decoder, x, condition = pair
    expected = _push(oracle, x, condition)
    got = decoder(x, *condition)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)
    assert expected[1].std() > 0.1, "a constant log-determinant would compare nothing"


def test_inverse_agrees(pair: tuple[nn.ModuleList, Chain, Tensor, list[Tensor]]) -> None:
    oracle, decoder, y, condition = pair
    torch.testing.assert_close(
        decoder.inverse(y, *condition), _pull(oracle, y, condition), rtol=1e-10, atol=1e-10
    )


def test_gradients_agree(pair: tuple[nn.ModuleList, Chain, Tensor, list[Tensor]]) -> None:
    oracle, decoder, x, condition = pair
    for u, log_det in (_push(oracle, x, condition), decoder(x, *condition)):
        (0.5 * u.square().sum(dim=1) - log_det).mean().backward()
    for index, block in enumerate(oracle):
        coupling, scale, _ = list(decoder)[3 * index : 3 * index + 3]
        assert isinstance(coupling, Coupling)
        assert isinstance(scale, ScaleShift)
        subnet = coupling.subnet
        parts = [subnet.passive.weight, *([] if subnet.condition is None else [subnet.condition.weight])]
        pairs = [
            (torch.cat([_gradient(part) for part in parts], dim=1), block.subnet[0].weight),
            (_gradient(subnet.passive.bias), block.subnet[0].bias),
            (_gradient(subnet.last.weight), block.subnet[2].weight),
            (_gradient(subnet.last.bias), block.subnet[2].bias),
            (_gradient(scale.g), block.global_scale),
            (_gradient(scale.shift), block.global_offset),
        ]
        for got, parameter in pairs:
            expected = _gradient(parameter).reshape(got.shape)
            # Sums of hundreds of terms that cancel: processors add them in different orders.
            tolerance = 1e-9 * max(1.0, expected.abs().max().item())
            torch.testing.assert_close(got, expected, rtol=0, atol=tolerance)


def test_a_fresh_scale_is_that_of_the_oracle() -> None:
    fresh = AllInOneBlock([(4,)], subnet_constructor=_subnet, permute_soft=True).double()
    torch.testing.assert_close(ScaleShift(4).g, fresh.global_scale.flatten().detach(), rtol=1e-6, atol=1e-6)


def test_the_default_is_the_papers() -> None:
    decoder = cflow_decoder(40)
    assert [type(part) for part in decoder] == [Coupling, ScaleShift, Rotation] * 8
    assert decoder.condition_dimension == 128
    first = next(iter(decoder))
    assert isinstance(first, Coupling)
    assert first.subnet.passive.out_features == 2 * (20 + 128)


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
