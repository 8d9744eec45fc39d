import torch
from torch.distributions import MultivariateNormal

from flawflow.training.flows import (
    Rotation,
    Whiten,
    cflow_decoder,
    likelihood_loss,
    log_prob,
    logsigmoid_loss,
)


def test_a_rotation_has_the_density_of_its_base() -> None:
    x = torch.randn(9, 5)
    expected = MultivariateNormal(torch.zeros(5), torch.eye(5)).log_prob(x)
    torch.testing.assert_close(log_prob(Rotation(5), x), expected)


def test_a_linear_flow_has_a_gaussians_density() -> None:
    mean, factor = torch.randn(4), torch.randn(4, 4).tril(-1) + torch.diag(torch.rand(4) + 0.5)
    x = torch.randn(9, 4)
    expected = MultivariateNormal(mean, scale_tril=factor).log_prob(x)
    torch.testing.assert_close(log_prob(Whiten(mean, factor), x), expected)


def test_the_density_integrates_to_one() -> None:
    flow = cflow_decoder(2, 3, blocks=4, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
        axis = torch.linspace(-12, 12, 600)
        x = torch.cartesian_prod(axis, axis)
        condition = torch.tensor([0.3, -1.0, 2.0]).expand(len(x), -1)
        total = log_prob(flow, x, condition).exp().sum() * (axis[1] - axis[0]) ** 2
    torch.testing.assert_close(total, torch.tensor(1.0), rtol=1e-3, atol=0)


def test_losses_are_what_they_say() -> None:
    flow, x, condition = cflow_decoder(5, 3), torch.randn(9, 5), torch.randn(9, 3)
    per_vector = log_prob(flow, x, condition)
    torch.testing.assert_close(likelihood_loss(flow, x, condition), -per_vector.mean())
    expected = -torch.log(torch.sigmoid(per_vector / 5)).mean()
    torch.testing.assert_close(logsigmoid_loss(flow, x, condition), expected)


def test_the_logsigmoid_loss_bears_a_hopeless_vector() -> None:
    assert bool(logsigmoid_loss(Rotation(2), torch.full((1, 2), 1e6)).isfinite())
