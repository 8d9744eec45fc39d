import pytest
import torch

from flawflow.training.flows import Affine, Chain, Coupling, Rotation, ScaleShift


def test_the_first_given_is_applied_first() -> None:
    scale, rotation = ScaleShift(3), Rotation(3)
    with torch.no_grad():
        scale.g.copy_(torch.tensor([1.0, 5.0, 20.0]))
    x = torch.randn(4, 3)
    torch.testing.assert_close(Chain(scale, rotation)(x)[0], (x * scale.scale()) @ rotation.matrix.T)
    torch.testing.assert_close(Chain(rotation, scale)(x)[0], (x @ rotation.matrix.T) * scale.scale())


def test_a_chain_holds_chains() -> None:
    inner = Chain(Coupling(Affine(), 4, 2), Rotation(4))
    outer = Chain(ScaleShift(4), inner)
    assert outer.condition_dimension == 2
    assert list(outer)[1] is inner


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (Rotation(3), Rotation(4)),
        (Coupling(Affine(), 4, 2), Coupling(Affine(), 4, 3)),
    ],
    ids=["none", "dimensions", "conditions"],
)
def test_parts_that_do_not_fit_are_refused(parts: tuple[Rotation | Coupling, ...]) -> None:
    with pytest.raises(ValueError, match=r"Expected one or more bijections of one dimension"):
        Chain(*parts)
