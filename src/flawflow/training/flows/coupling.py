"""Coupling blocks: one half of the channels steers a transformer of the other."""

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import CouplingFold, Fold, NoFold
from flawflow.training.flows.subnet import Subnet
from flawflow.training.flows.transformers import Affine, Shift, Transformer

DAMPING = 0.1
"""In CFLOW-AD's reference the subnet's answer counts for a tenth: a fresh block is close to the identity."""


class Coupling(Bijection):
    """Map one half of the channels by what the other half and the condition say.

    x₁ is the first ⌈D/2⌉ channels, x₂ the rest: y₁ = x₁, y₂ = f(x₂; damping·subnet([x₁, c])). With `Affine`
    it is CFLOW-AD's block, with `Shift` that of NICE; both fold. All can be exported.

    Args:
        transformer: f.
        dimension: D, 2 or more.
        condition_dimension: C; 0 makes the block unconditional.
        hidden: Width of the subnet; 2·(⌈D/2⌉ + C) where None.
        start_at_identity: Begin with y = x exactly.
        damping: What the subnet's answer is multiplied by. A block that starts at the identity needs no
            damping and learns faster without.
        generator: Source of the first weights; torch's own where None.
    """

    def __init__(
        self,
        transformer: Transformer,
        dimension: int,
        condition_dimension: int = 0,
        *,
        hidden: int | None = None,
        start_at_identity: bool = False,
        damping: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dimension, condition_dimension)
        self.active, self.passive = split_channels(dimension)
        self.transformer = transformer
        self.tolerance = transformer.tolerance
        self.damping = damping
        self.subnet = Subnet(
            self.passive,
            condition_dimension,
            transformer.parameters * self.active,
            hidden=hidden,
            zero_last=start_at_identity,
            generator=generator,
        )

    def fold(self) -> list[Fold]:
        """It is a coupling block that scales and shifts, or shifts; any other is run as it is."""
        match self.transformer:
            case Affine(clamp=clamp):
                return [CouplingFold(self.subnet, self.damping, clamp)]
            case Shift():
                return [CouplingFold(self.subnet, self.damping)]
            case _:
                return [NoFold(self)]

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        x1, x2 = x[:, : self.passive], x[:, self.passive :]
        y2, log_slope = self.transformer.forward(x2, self._steer(x1, condition))
        return torch.cat((x1, y2), dim=1), log_slope.sum(dim=1)

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        y1, y2 = y[:, : self.passive], y[:, self.passive :]
        x2 = self.transformer.inverse(y2, self._steer(y1, condition))
        return torch.cat((y1, x2), dim=1)

    def _steer(self, x1: Tensor, condition: Tensor | None) -> Tensor:
        answer: Tensor = self.damping * self.subnet(x1, condition)
        return answer.reshape(-1, self.transformer.parameters, self.active)


def split_channels(dimension: int) -> tuple[int, int]:
    """Share D channels out: ⌊D/2⌋ that a coupling block changes and ⌈D/2⌉ that it reads.

    Raises:
        ValueError: There are fewer than two channels, so that nothing would be changed.
    """
    if dimension < 2:
        raise ValueError(f"Expected 2 or more channels for a coupling block; got {dimension}.")
    return dimension // 2, dimension - dimension // 2
