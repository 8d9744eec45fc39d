"""A learned scale and shift that begins where the data is."""

import torch
from torch import Tensor, nn

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import AffineFold, Fold
from flawflow.training.flows.standardize import moments


class ActNorm(Bijection):
    """Scale and shift each channel: y = x·exp(log_scale) + shift, both learned; log|det J| = Σ log_scale.

    It is the identity until `initialise` is called. Glow (https://arxiv.org/abs/1807.03039).

    Args:
        dimension: D.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.log_scale = nn.Parameter(torch.zeros(dimension))
        self.shift = nn.Parameter(torch.zeros(dimension))

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Set scale and shift so that these vectors, (N, D), come out with mean 0 and deviation 1.

        Raises:
            ValueError: The shape does not fit, there are fewer than two vectors, or all are the same.
        """
        self._check(x, None)
        mean, std = moments(x)
        self.log_scale.copy_(-std.log())
        self.shift.copy_(-mean / std)

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        y = torch.addcmul(self.shift, x, self.log_scale.exp())
        return y, self.log_scale.sum().expand(x.shape[0])

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return (y - self.shift) * (-self.log_scale).exp()
