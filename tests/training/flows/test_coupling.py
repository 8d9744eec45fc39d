import math

import pytest
import torch

from flawflow.training.flows import Affine, Coupling, Shift, Transformer

BOTH = pytest.mark.parametrize("transformer", [Shift(), Affine()], ids=["shift", "affine"])


@BOTH
def test_it_can_start_at_the_identity(transformer: Transformer) -> None:
    block = Coupling(transformer, 5, 2, start_at_identity=True)
    x = torch.randn(7, 5)
    y, log_det = block(x, torch.randn(7, 2))
    assert torch.equal(y, x)
    assert not log_det.any()


@BOTH
def test_the_first_half_passes_and_steers_the_second(
    transformer: Transformer,
) -> None:
    block = Coupling(transformer, 5, 2)
    x, condition = torch.randn(7, 5), torch.randn(7, 2)
    y, _ = block(x, condition)
    assert torch.equal(y[:, :3], x[:, :3])
    assert not torch.allclose(block(x, condition + 1)[0][:, 3:], y[:, 3:])
    moved = x.clone()
    moved[:, 4] += 1
    assert torch.equal(block(moved, condition)[0][:, 3], y[:, 3]), (
        "channels of one half do not see each other"
    )


def test_the_scale_is_clamped() -> None:
    block = Coupling(Affine(), 4)
    _, log_det = block(1e6 * torch.randn(100, 4))
    assert log_det.abs().max().item() <= 2 * 1.9 + 1e-9
    assert log_det.abs().max().item() > 1.9


@BOTH
def test_the_hidden_width_can_be_chosen(transformer: Transformer) -> None:
    assert Coupling(transformer, 5, 2).subnet.last.in_features == 2 * (3 + 2)
    assert Coupling(transformer, 5, 2, hidden=9).subnet.last.in_features == 9
    with pytest.raises(ValueError, match=r"hidden width of 1 or more; got 0\."):
        Coupling(transformer, 5, 2, hidden=0)


@BOTH
def test_one_channel_cannot_be_split(transformer: Transformer) -> None:
    with pytest.raises(ValueError, match=r"2 or more channels for a coupling block; got 1\."):
        Coupling(transformer, 1)


def test_first_weights_follow_torchs_law_of_the_joint_layer() -> None:
    subnet = Coupling(Affine(), 6, 13).subnet
    assert subnet.condition is not None
    joint = torch.cat((subnet.passive.weight, subnet.condition.weight), dim=1).detach()
    bound = 1 / math.sqrt(3 + 13)
    assert 0.95 * bound < joint.abs().max().item() <= bound
    assert joint.var().item() == pytest.approx(bound**2 / 3, rel=0.2)


@BOTH
def test_without_a_word_there_is_no_condition(
    transformer: Transformer,
) -> None:
    block, x = Coupling(transformer, 4), torch.randn(3, 4)
    assert block.condition_dimension == 0
    assert block(x)[0].shape == x.shape
