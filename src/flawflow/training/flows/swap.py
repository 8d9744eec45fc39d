"""The halves of the channels change places: the hard permutation that costs nothing."""

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection, no_change
from flawflow.training.flows.coupling import split_channels
from flawflow.training.flows.folding import AffineFold, Fold


class Swap(Bijection):
    """Put what a coupling block has changed before what it has read: y = [x₂, x₁]. It keeps volumes.

    Two blocks with a swap between them change all channels, as RealNVP's alternating masks do
    (https://arxiv.org/abs/1605.08803). A folded flow does it by naming the halves the other way round.

    Args:
        dimension: D, 2 or more.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.active, self.passive = split_channels(dimension)

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return torch.cat((x[:, self.passive :], x[:, : self.passive]), dim=1), no_change(x)

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return torch.cat((y[:, self.active :], y[:, : self.active]), dim=1)
