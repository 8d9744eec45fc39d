"""Masked autoregressive blocks: each channel is steered by those before it."""

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.subnet import Subnet
from flawflow.training.flows.transformers import Transformer


class Autoregressive(Bijection):
    """Map each channel by what the channels before it and the condition say, y_j = f(x_j; p_j(x_<j, c)).

    One masked network (MADE, https://arxiv.org/abs/1502.03509) answers all channels at once, so forward is as
    fast as a coupling block's; the inverse takes D steps. With `Affine` it is MAF
    (https://arxiv.org/abs/1705.07057), with `MonotoneNetwork` NAF (https://arxiv.org/abs/1804.00779). It does
    not fold; it can be exported.

    Args:
        transformer: f.
        dimension: D.
        condition_dimension: C; 0 makes the block unconditional.
        hidden: Width of the network; 2·(D + C) where None.
        start_at_identity: Begin with y = x exactly.
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
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dimension, condition_dimension)
        self.transformer = transformer
        self.tolerance = transformer.tolerance
        self.subnet = MaskedSubnet(
            dimension,
            condition_dimension,
            transformer.parameters * dimension,
            hidden=hidden,
            zero_last=start_at_identity,
            generator=generator,
        )

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        y, log_slope = self.transformer.forward(x, self._steer(x, condition))
        return y, log_slope.sum(dim=1)

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        x = torch.zeros_like(y)
        for j in range(self.dimension):
            own = self._steer(x, condition)[:, :, j : j + 1]
            found = self.transformer.inverse(y[:, j : j + 1], own)
            x = torch.cat((x[:, :j], found, x[:, j + 1 :]), dim=1)
        return x

    def _steer(self, x: Tensor, condition: Tensor | None) -> Tensor:
        answer: Tensor = self.subnet(x, condition)
        return answer.reshape(-1, self.transformer.parameters, self.dimension)


class MaskedSubnet(Subnet):
    """A subnet whose answers for channel j read the channels before j alone, and the condition.

    Hidden unit h of H reads the first ⌊h·D/H⌋ channels, and is read by all channels after these; the units
    that read none bring the condition to the first channel.

    Args:
        dimension: D.
        condition: C.
        output: P·D, the answers to all channels P times over.
        hidden: As of `Subnet`.
        zero_last: As of `Subnet`.
        generator: As of `Subnet`.
    """

    first_mask: Tensor
    last_mask: Tensor

    def __init__(
        self,
        dimension: int,
        condition: int,
        output: int,
        *,
        hidden: int | None = None,
        zero_last: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(
            dimension, condition, output, hidden=hidden, zero_last=zero_last, generator=generator
        )
        channel = torch.arange(dimension)
        hidden_units = self.last.in_features
        reads = torch.arange(hidden_units) * dimension // hidden_units
        self.register_buffer("first_mask", channel < reads[:, None], persistent=False)
        self.register_buffer(
            "last_mask", (channel[:, None] >= reads).repeat(output // dimension, 1), persistent=False
        )

    def forward(self, passive: Tensor, condition: Tensor | None) -> Tensor:
        """Answer for each vector: (N, D) and (N, C) give (N, P·D)."""
        hidden = F.linear(passive, self.passive.weight * self.first_mask, self.passive.bias)
        if self.condition is not None and condition is not None:
            hidden = torch.addmm(hidden, condition, self.condition.weight.T)
        return F.linear(torch.relu(hidden), self.last.weight * self.last_mask, self.last.bias)
