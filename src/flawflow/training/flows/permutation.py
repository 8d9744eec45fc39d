"""A fixed random order of the channels: the hard permutation."""

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection, no_change
from flawflow.training.flows.folding import AffineFold, Fold


class Permutation(Bijection):
    """Reorder the channels: y_j = x_order(j), with a fixed random order. It keeps volumes.

    Args:
        dimension: D.
        generator: Source of the order; torch's own where None.
    """

    order: Tensor

    def __init__(self, dimension: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(dimension)
        self.register_buffer("order", torch.randperm(dimension, generator=generator))

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return x[:, self.order], no_change(x)

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return y[:, self.order.argsort()]
