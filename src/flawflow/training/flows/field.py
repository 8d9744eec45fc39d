"""A small smooth network of vectors whose Jacobian is known in closed form."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.training.flows.subnet import linear_layer


class Field(nn.Module):
    """g(x, c) = W₂·tanh(W₁·x + W_c·c + b₁) + b₂, R^D → R^D; ∂g/∂x = W₂·diag(1 - tanh²)·W₁.

    Args:
        dimension: D.
        condition: C; 0 for none.
        hidden: H, the width.
        zero_last: Begin with a last layer of zeros, which makes g = 0.
        generator: Source of the first weights; torch's own where None.
    """

    def __init__(
        self,
        dimension: int,
        condition: int,
        hidden: int,
        *,
        zero_last: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        joint = 1 / math.sqrt(dimension + condition)
        self.first = linear_layer(dimension, hidden, joint, generator)
        self.condition = linear_layer(condition, hidden, joint, generator, bias=False) if condition else None
        self.last = linear_layer(hidden, dimension, 0.0 if zero_last else 1 / math.sqrt(hidden), generator)

    if TYPE_CHECKING:  # torch types the call of a module as Any

        def __call__(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
            """Do what `forward` does."""
            ...

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Give g, (N, D), and the slopes 1 - tanh² of the hidden units, (N, H)."""
        hidden = self.first(x)
        if self.condition is not None and condition is not None:
            hidden = torch.addmm(hidden, condition, self.condition.weight.T)
        hidden = torch.tanh(hidden)
        return self.last(hidden), 1 - hidden.square()

    def product(self, directions: Tensor, slopes: Tensor) -> Tensor:
        """Give vᵀ·∂g/∂x of directions v, (P, N, D) or (P, 1, D), at slopes (N, H); (P, N, D)."""
        return F.linear(F.linear(directions, self.last.weight.T) * slopes, self.first.weight.T)

    def trace(self, slopes: Tensor) -> Tensor:
        """Give tr ∂g/∂x at slopes (N, H), (N,): with one hidden layer it needs no Jacobian."""
        return slopes @ (self.first.weight * self.last.weight.T).sum(dim=1)
