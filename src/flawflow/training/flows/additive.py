"""The additive coupling block of NICE."""

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection, no_change
from flawflow.training.flows.coupling import split_channels
from flawflow.training.flows.folding import CouplingFold, Fold
from flawflow.training.flows.subnet import Subnet


class AdditiveCoupling(Bijection):
    """Shift one half of the channels by what the other half and the condition say: y₂ = x₂ + subnet([x₁, c]).

    It keeps volumes, so stretching must come from elsewhere in the chain. NICE (https://arxiv.org/abs/1410.8516).

    Args:
        dimension: D, 2 or more.
        condition_dimension: C; 0 makes the block unconditional.
        hidden: Width of the subnet; 2·(⌈D/2⌉ + C) where None.
        start_at_identity: Begin with y = x exactly.
        generator: Source of the first weights; torch's own where None.
    """

    def __init__(
        self,
        dimension: int,
        condition_dimension: int = 0,
        *,
        hidden: int | None = None,
        start_at_identity: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dimension, condition_dimension)
        self.active, self.passive = split_channels(dimension)
        self.subnet = Subnet(
            self.passive,
            condition_dimension,
            self.active,
            hidden=hidden,
            zero_last=start_at_identity,
            generator=generator,
        )

    def fold(self) -> list[Fold]:
        """It is a coupling block that shifts."""
        return [CouplingFold(self.subnet)]

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        x1, x2 = x[:, : self.passive], x[:, self.passive :]
        return torch.cat((x1, x2 + self.subnet(x1, condition)), dim=1), no_change(x)

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        y1, y2 = y[:, : self.passive], y[:, self.passive :]
        return torch.cat((y1, y2 - self.subnet(y1, condition)), dim=1)
