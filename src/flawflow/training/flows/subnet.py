"""The small network inside a coupling block. It need not be invertible."""

import math

import torch
from torch import Tensor, nn


class Subnet(nn.Module):
    """Linear, ReLU, Linear on the passive channels and the condition side by side.

    The first layer is kept as two: W·[x₁, c] + b = W_x·x₁ + b + W_c·c. Nothing need be copied together, and
    where a position's condition never changes, W_c·c is a constant of that position.

    Args:
        passive: Channels of x₁.
        condition: Channels of c; 0 for none.
        output: Channels of the answer.
        hidden: Channels between; twice the input's (`passive` + `condition`) where None.
        zero_last: Begin with a last layer of zeros, which makes the answer 0.
        generator: Source of the first weights; torch's own where None.
    """

    def __init__(
        self,
        passive: int,
        condition: int,
        output: int,
        *,
        hidden: int | None = None,
        zero_last: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        hidden = 2 * (passive + condition) if hidden is None else hidden
        if hidden < 1:
            raise ValueError(f"Expected a hidden width of 1 or more; got {hidden}.")
        # One law for both parts: together they are one layer with passive + condition inputs.
        joint = 1 / math.sqrt(passive + condition)
        self.passive = linear_layer(passive, hidden, joint, generator)
        self.condition = linear_layer(condition, hidden, joint, generator, bias=False) if condition else None
        self.last = linear_layer(hidden, output, 0.0 if zero_last else 1 / math.sqrt(hidden), generator)

    def forward(self, passive: Tensor, condition: Tensor | None) -> Tensor:
        """Answer for each vector: (N, passive) and (N, condition) give (N, output)."""
        hidden = self.passive(passive)
        if self.condition is not None and condition is not None:
            hidden = torch.addmm(hidden, condition, self.condition.weight.T)
        answer: Tensor = self.last(torch.relu(hidden))
        return answer


@torch.no_grad()
def linear_layer(
    inputs: int, outputs: int, bound: float, generator: torch.Generator | None, *, bias: bool = True
) -> nn.Linear:
    """Make a layer uniform within ±bound: torch's own law for bound = 1/√inputs, from a named generator."""
    # Made on "meta" first so that torch's own generator is left alone.
    layer = nn.Linear(inputs, outputs, bias=bias, device="meta").to_empty(device="cpu")
    for parameter in layer.parameters():
        parameter.uniform_(-bound, bound, generator=generator)
    return layer
