"""The conditional affine coupling block of CFLOW-AD."""

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import CouplingFold, Fold
from flawflow.training.flows.subnet import Subnet

CLAMP = 1.9
"""No channel is stretched by more than exp(1.9) or shrunk by more than exp(-1.9) in one block."""

DAMPING = 0.1
"""In the reference the subnet's answer counts for a tenth: a fresh block is close to the identity."""


class AffineCoupling(Bijection):
    """Stretch and shift one half of the channels by what the other half and the condition say.

    x₁ is the first ⌈D/2⌉ channels, x₂ the rest; with a = damping·subnet([x₁, c]) in two halves a_s and a_t:
    s = 1.9·tanh(a_s), y₁ = x₁, y₂ = x₂·exp(s) + a_t, log|det J| = Σ s.

    RealNVP (https://arxiv.org/abs/1605.08803), conditional as in CFLOW-AD (https://arxiv.org/abs/2107.12571).

    Args:
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
        dimension: int,
        condition_dimension: int = 0,
        *,
        hidden: int | None = None,
        start_at_identity: bool = False,
        damping: float = DAMPING,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dimension, condition_dimension)
        self.active, self.passive = split_channels(dimension)
        self.damping = damping
        self.subnet = Subnet(
            self.passive,
            condition_dimension,
            2 * self.active,
            hidden=hidden,
            zero_last=start_at_identity,
            generator=generator,
        )

    def fold(self) -> list[Fold]:
        """It is a coupling block that scales and shifts."""
        return [CouplingFold(self.subnet, self.damping, CLAMP)]

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        x1, x2 = x[:, : self.passive], x[:, self.passive :]
        log_scale, shift = self._coefficients(x1, condition)
        y2 = torch.addcmul(shift, x2, log_scale.exp())
        return torch.cat((x1, y2), dim=1), log_scale.sum(dim=1)

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        y1, y2 = y[:, : self.passive], y[:, self.passive :]
        log_scale, shift = self._coefficients(y1, condition)
        return torch.cat((y1, (y2 - shift) * (-log_scale).exp()), dim=1)

    def _coefficients(self, x1: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        scale, shift = (self.damping * self.subnet(x1, condition)).chunk(2, dim=1)
        return CLAMP * torch.tanh(scale), shift


def split_channels(dimension: int) -> tuple[int, int]:
    """Share D channels out: ⌊D/2⌋ that a coupling block changes and ⌈D/2⌉ that it reads.

    Raises:
        ValueError: There are fewer than two channels, so that nothing would be changed.
    """
    if dimension < 2:
        raise ValueError(f"Expected 2 or more channels for a coupling block; got {dimension}.")
    return dimension // 2, dimension - dimension // 2
