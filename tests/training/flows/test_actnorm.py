import pytest
import torch

from flawflow.training.flows import ActNorm


def test_it_is_the_identity_until_initialised() -> None:
    norm, x = ActNorm(3), 5 + 2 * torch.randn(6, 3)
    assert torch.equal(norm(x)[0], x)
    assert torch.equal(norm(x)[0], x), "the first forward must not change it"


def test_initialised_data_comes_out_standard() -> None:
    norm, x = (
        ActNorm(3),
        torch.tensor([1.0, -20.0, 300.0]) + torch.tensor([0.01, 1.0, 50.0]) * torch.randn(99, 3),
    )
    norm.initialise(x)
    y, log_det = norm(x)
    torch.testing.assert_close(y.mean(dim=0), torch.zeros(3), rtol=0, atol=1e-8)
    # up to the millionth of the mean variance that guards against division by zero
    torch.testing.assert_close(y.std(dim=0, correction=0)[1:], torch.ones(2), rtol=0, atol=1e-3)
    assert log_det.unique().numel() == 1
    assert norm.shift.requires_grad
    assert norm.log_scale.requires_grad


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(4, 2), r"Expected input of shape \(N, D\)"),
        (torch.zeros(1, 3), r"N of 2 or more"),
        (torch.zeros(4, 3), r"vary in every channel"),
    ],
)
def test_data_that_cannot_serve_is_refused(x: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ActNorm(3).initialise(x)
