"""The parts of a folded flow. Its rows, (N, D), come whole or as the halves of a coupling block."""

import copy

import torch
from torch import Tensor, nn

from flawflow.training.flows import Bijection
from flawflow.training.flows.folding import AffineFold, CouplingFold

Stepped = tuple[list[Tensor], Tensor | None]


class Split(nn.Module):
    """An affine map whose result comes in two parts: two products take less time than one and a copy."""

    matrix1: Tensor
    matrix2: Tensor
    offset1: Tensor
    offset2: Tensor

    def __init__(self, affine: AffineFold, passive: int) -> None:
        super().__init__()
        for number, columns in (1, slice(None, passive)), (2, slice(passive, None)):
            self.register_buffer(f"matrix{number}", affine.matrix[:, columns].float().contiguous())
            self.register_buffer(f"offset{number}", affine.offset[columns].float())
        self.shifts = bool(affine.offset.any())

    def forward(self, parts: list[Tensor]) -> list[Tensor]:
        """Give the halves of the image."""
        x = whole(parts)
        if not self.shifts:
            return [x @ self.matrix1, x @ self.matrix2]
        return [torch.addmm(self.offset1, x, self.matrix1), torch.addmm(self.offset2, x, self.matrix2)]


class Halve(nn.Module):
    """The vectors as they are, in two parts."""

    def __init__(self, passive: int) -> None:
        super().__init__()
        self.passive = passive

    def forward(self, parts: list[Tensor]) -> list[Tensor]:
        """Give the halves."""
        x = whole(parts)
        return [x[:, : self.passive], x[:, self.passive :]]


class Exchange(nn.Module):
    """The halves change places."""

    def forward(self, parts: list[Tensor]) -> list[Tensor]:
        """Give the halves the other way round."""
        return parts[::-1]


class CouplingBlock(nn.Module):
    """A coupling block and what is affine before it.

    The subnet's answer comes as two products: they take no longer than one, which would have to be cut, and
    engines do a product, its bias and tanh in one step.
    """

    first: Tensor
    first_bias: Tensor
    condition: Tensor | None
    scale: Tensor
    scale_bias: Tensor
    shift: Tensor
    shift_bias: Tensor

    def __init__(self, before: nn.Module, coupling: CouplingFold, active: int) -> None:
        super().__init__()
        self.before = before
        self.clamp = coupling.clamp
        damping, subnet = coupling.damping, coupling.subnet
        with torch.no_grad():
            self.register_buffer("first", subnet.passive.weight.T.contiguous())
            self.register_buffer("first_bias", subnet.passive.bias.clone())
            weight = None if subnet.condition is None else subnet.condition.weight.T.contiguous()
            self.register_buffer("condition", weight)
            # The scales' rows, where there are any, stand before the shifts'.
            rows = len(subnet.last.bias) - active
            for name, part in ("scale", slice(None, rows)), ("shift", slice(rows, None)):
                self.register_buffer(name, (damping * subnet.last.weight[part].T).contiguous())
                self.register_buffer(f"{name}_bias", damping * subnet.last.bias[part])

    def forward(self, parts: list[Tensor], condition: Tensor | None, pictures: int) -> Stepped:
        """Give the half that stays and the half that has changed, and its log-scales, (N, active)."""
        x1, x2 = self.before(parts)
        bias = self.first_bias
        if self.condition is not None and condition is not None:
            # A bias for every row. Where a graph is run for one picture at a time, it is a constant, and
            # product, bias and relu are one operation.
            bias = torch.addmm(bias, condition, self.condition)
            bias = bias.expand(pictures, *bias.shape).flatten(0, 1)
        hidden = torch.relu(torch.addmm(bias, x1, self.first))
        shift = torch.addmm(self.shift_bias, hidden, self.shift)
        if self.clamp is None:
            return [x1, x2 + shift], None
        log_scale = self.clamp * torch.tanh(torch.addmm(self.scale_bias, hidden, self.scale))
        return [x1, x2 * log_scale.exp() + shift], log_scale


class WholeBlock(nn.Module):
    """A bijection that does not fold, and what is affine before it."""

    def __init__(self, before: nn.Module, bijection: Bijection) -> None:
        super().__init__()
        self.before = before
        self.bijection = copy.deepcopy(bijection).float().eval()

    def forward(self, parts: list[Tensor], condition: Tensor | None, pictures: int) -> Stepped:
        """Give the image in one part, and its log-determinant, (N, 1)."""
        rows = None if condition is None else condition.repeat(pictures, 1)
        y, log_det = self.bijection(whole(self.before(parts)), rows)
        return [y], log_det[:, None]


def whole(parts: list[Tensor]) -> Tensor:
    """Put the halves together, (N, D)."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
