"""Good and defective vectors whose true density is known."""

import math

import torch
from torch import Tensor

NOISE = 0.1
"""Deviation of the good vectors from the middle line of their crescent."""

REACH = 3.0
"""The picture shows [-3, 3] in both directions."""


def draw_good(count: int, generator: torch.Generator) -> Tensor:
    """Draw good vectors, (count, 2)."""
    angle = math.pi * torch.rand(count, generator=generator)
    upper = torch.rand(count, generator=generator) < 0.5
    return _line(angle, upper) + NOISE * torch.randn(count, 2, generator=generator)


def draw_defective(count: int, generator: torch.Generator) -> Tensor:
    """Draw defective vectors, (count, 2): uniform over the picture, 3.5 deviations or more off the lines."""
    anywhere = REACH * (2 * torch.rand(3 * count, 2, generator=generator) - 1)
    return anywhere[torch.cdist(anywhere, _lines()).amin(dim=1) > 3.5 * NOISE][:count]


def true_log_density(x: Tensor) -> Tensor:
    """Compute the log-density of the good vectors at (N, 2), (N,): a Gaussian smeared along the crescents."""
    exponent = -torch.cdist(x, _lines()).square() / (2 * NOISE**2)
    return exponent.logsumexp(dim=1) - math.log(len(_lines()) * 2 * math.pi * NOISE**2)


def _lines() -> Tensor:
    angle = torch.linspace(0, math.pi, 200).repeat(2)
    return _line(angle, torch.arange(400) < 200)


def _line(angle: Tensor, upper: Tensor) -> Tensor:
    sign = 2 * upper.to(angle.dtype) - 1
    return torch.stack((1.5 * angle.cos() - 0.75 * sign, sign * (1.5 * angle.sin() - 0.25)), dim=1)
