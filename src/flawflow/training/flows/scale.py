"""The learned scale and shift of each channel that ends a block of CFLOW-AD."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import AffineFold, Fold


class ScaleShift(Bijection):
    """Scale and shift each channel: y = x·Ψ(g) + b with Ψ(g) = 0.1·softplus(g; β = 0.5).

    Ψ is positive and grows no faster than g, which keeps a step of the optimiser from exploding. It starts
    at the identity: Ψ(g) = 1, b = 0. log|det J| = Σ log Ψ(g).

    Args:
        dimension: D.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.g = nn.Parameter(torch.full((dimension,), 2 * math.log(math.expm1(5.0))))
        self.shift = nn.Parameter(torch.zeros(dimension))

    def scale(self) -> Tensor:
        """Give Ψ(g), (D,), positive."""
        return 0.1 * F.softplus(self.g, beta=0.5)

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        scale = self.scale()
        return torch.addcmul(self.shift, x, scale), scale.log().sum().expand(x.shape[0])

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return (y - self.shift) / self.scale()
