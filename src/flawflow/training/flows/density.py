"""From a bijection to a density, and from a density to a loss."""

import math

from torch import Tensor
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection


def log_prob(bijection: Bijection, x: Tensor, condition: Tensor | None = None) -> Tensor:
    """Measure the log-density of vectors under a standard normal base (eq. 8).

    log p̂(x|c) = -(‖u‖² + D·log 2π) / 2 + log|det J|, with u the bijection's forward image of x.

    Args:
        bijection: The flow in the direction data → base.
        x: Vectors, (N, D).
        condition: (N, C) where the flow is conditional.

    Returns:
        Natural logarithm of the density of each vector, (N,).
    """
    u, log_det = bijection(x, condition)
    return log_det - 0.5 * (u.square().sum(dim=1) + x.shape[1] * math.log(2 * math.pi))


def likelihood_loss(bijection: Bijection, x: Tensor, condition: Tensor | None = None) -> Tensor:
    """Give the mean negative log-likelihood, in nats per vector: eq. 7 with its constant (D/2)·log 2π."""
    return -log_prob(bijection, x, condition).mean()


def logsigmoid_loss(bijection: Bijection, x: Tensor, condition: Tensor | None = None) -> Tensor:
    """Give the reference's loss, the mean of -log σ(log p̂ / D).

    It falls with the log-likelihood per channel but flattens out for vectors that are already likely, so
    that they do not dominate the step.
    """
    return -F.logsigmoid(log_prob(bijection, x, condition) / x.shape[1]).mean()
