"""The paper's section 2: what a flow is to a Gaussian, and what it is beyond."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from flawflow.training.flows import (
    ActNorm,
    Bijection,
    Chain,
    LULinear,
    Whiten,
    cflow_decoder,
    likelihood_loss,
    log_prob,
)


def _gaussian(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(4, 4, generator=generator) + torch.eye(4)
    return 2 + torch.randn(count, 4, generator=generator) @ mixing


def _ring(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    angle = 2 * torch.pi * torch.rand(count, generator=generator)
    radius = 2 + 0.2 * torch.randn(count, generator=generator)
    return torch.stack((radius * angle.cos(), radius * angle.sin()), dim=1)


def _descend(flow: Bijection, x: Tensor) -> None:
    optimizer = torch.optim.LBFGS(
        flow.parameters(), max_iter=500, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = likelihood_loss(flow, x)
        loss.backward()
        return loss

    optimizer.step(closure)


def _trained_linear(x: Tensor) -> Bijection:
    flow = Chain(LULinear(4, generator=torch.Generator().manual_seed(1)), ActNorm(4))
    _descend(flow, x)
    return flow


@pytest.mark.parametrize("make", [_trained_linear, Whiten.from_data], ids=["trained by eq. 7", "closed form"])
def test_an_optimal_linear_flow_is_the_mahalanobis_distance(make: Callable[[Tensor], Bijection]) -> None:
    x = _gaussian(500)
    flow = make(x)
    with torch.no_grad():
        u, log_det = flow(x)
    covariance = torch.cov(x.T, correction=0)
    centred = x - x.mean(dim=0)
    mahalanobis = (centred @ torch.linalg.inv(covariance) * centred).sum(dim=1)
    euclid = u.square().sum(dim=1)
    torch.testing.assert_close(euclid, mahalanobis, rtol=1e-4, atol=1e-4)
    # eq. 6: both terms vanish, the distances' difference and the volumes' ratio
    divergence = (mahalanobis - euclid).mean() / 2 + log_det.mean() + torch.logdet(covariance) / 2
    assert abs(divergence.item()) < 1e-6


def test_an_unfit_linear_flow_has_a_positive_divergence() -> None:
    x = _gaussian(500)
    flow = Chain(LULinear(4, generator=torch.Generator().manual_seed(1)), ActNorm(4))
    with torch.no_grad():
        gap = likelihood_loss(flow, x) - likelihood_loss(Whiten.from_data(x), x)
    assert gap.item() > 0.1


def test_a_deeper_flow_fits_what_no_gaussian_can() -> None:
    train, held_out = _ring(2000, seed=1), _ring(2000, seed=2)
    flow = cflow_decoder(2, 0, blocks=8, generator=torch.Generator().manual_seed(3))
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-2)
    for _ in range(400):
        optimizer.zero_grad()
        likelihood_loss(flow, train).backward()
        optimizer.step()
    with torch.no_grad():
        learned = log_prob(flow, held_out).mean().item()
        gaussian = log_prob(Whiten.from_data(train), held_out).mean().item()
        centre = log_prob(flow, torch.zeros(1, 2)).item()
    assert learned > gaussian + 0.2
    # The Gaussian holds the empty centre of the ring to be the likeliest place of all; the flow must not.
    assert centre < learned - 1
