"""From whole numbers, such as pixels, to vectors that have a density: a surjection, with its price."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.density import log_prob


class Dequantisation(nn.Module, ABC):
    """Add noise to whole numbers: z = (x + u) / levels, u ~ q(u|x) on [0, 1)^D.

    It is no bijection: many z belong to one x, and going back is rounding down. So its weight is not a
    log-determinant but -log q(u|x), with which log P(x) ≥ E_q[log p(z) - D·log levels - log q(u|x)]; averaged
    as probabilities, the right sides approach P(x) itself.

    Args:
        dimension: D.
        levels: What x can be: 0 to levels - 1.
    """

    def __init__(self, dimension: int, levels: int) -> None:
        super().__init__()
        self.dimension = dimension
        self.levels = levels

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Add noise.

        Args:
            x: Whole numbers in a floating dtype, (N, D).
            generator: Source of the noise; torch's own where None.

        Returns:
            z: (N, D) in [0, 1).
            log_weight: What log p(z) is to be increased by, (N,).
        """
        noise, log_q = self._noise(x, generator)
        scale = torch.tensor(float(self.levels), dtype=x.dtype, device=x.device)
        return (x + noise) / scale, -log_q - self.dimension * scale.log()

    def inverse(self, z: Tensor) -> Tensor:
        """Give the whole numbers, (N, D), that `forward` may have made these from."""
        return torch.floor(z * self.levels).clamp(0, self.levels - 1)

    def log_probability(self, flow: Bijection, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Bound log P(x) of whole numbers under a flow of vectors from below, (N,), by one draw of noise."""
        z, log_weight = self.forward(x, generator)
        return log_prob(flow, z) + log_weight

    @abstractmethod
    def _noise(self, x: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]: ...


class UniformDequantisation(Dequantisation):
    """Noise that is spread evenly, whatever x is: log q = 0 (https://arxiv.org/abs/1511.01844)."""

    def _noise(self, x: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        return torch.rand(x.shape, dtype=x.dtype, device=x.device, generator=generator), x.new_zeros(len(x))


class VariationalDequantisation(Dequantisation):
    """Noise that learns where in its cell the density wants it: u = σ(f(ε; x)), ε ~ N(0, I).

    Flow++ (https://arxiv.org/abs/1902.00275). The bound is tighter by what q learns; where f is the identity
    the noise is logistic-normal.

    Args:
        levels: As of `Dequantisation`.
        noise: f, conditional on x / levels: its condition has D channels.
    """

    def __init__(self, levels: int, noise: Bijection) -> None:
        super().__init__(noise.dimension, levels)
        self.noise = noise

    def _noise(self, x: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        normal = torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=generator)
        logit, log_det = self.noise(normal, x / self.levels)
        noise = torch.sigmoid(logit)
        # What the sigmoid changes: u·(1 - u), in logarithms.
        stretched = -(F.softplus(logit) + F.softplus(-logit)).sum(dim=1)
        log_normal = -0.5 * (normal.square() + math.log(2 * math.pi)).sum(dim=1)
        return noise, log_normal - log_det - stretched
