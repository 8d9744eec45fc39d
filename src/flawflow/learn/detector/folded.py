"""A trained scale as inspection runs it: the same function with everything constant apart from the rest.

The condition of a position never changes, so its product with a subnet's first layer is a constant of
that position, which an engine computes once. What is affine between two couplings, whatever it was made
of, is one matrix; where it is only a swap of halves, it is nothing. The last rotation keeps ‖u‖ and goes.
"""

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from flawflow.learn.detector.standard import PositionStandard
from flawflow.learn.flow import AdditiveCoupling, AffineCoupling, Bijection, Chain, Rotation, Swap
from flawflow.learn.flow.coupling import CLAMP, split_channels


class FoldedFlow(nn.Module):
    """log p̂(z|c) of every vector of a scale (eq. 8), in standardised coordinates.

    A graph holds the conditions and not their products, which are as many times larger as there are blocks
    and hidden units to a condition; engines multiply constants at loading.

    Args:
        flow: The bijections, in order.
        condition: The condition of each position, (H·W, C); None where the flow has none.
        standard: The positions' own affine layer, which comes first; None where there is none.

    Attributes:
        constant: log p̂ where the energy is 0.
    """

    condition: Tensor | None

    def __init__(
        self, flow: Iterable[Bijection], condition: Tensor | None, standard: PositionStandard | None = None
    ) -> None:
        super().__init__()
        self.standard = None if standard is None else _PositionAffine(standard)
        self.register_buffer("condition", condition)
        self.blocks = nn.ModuleList()
        pending: list[Bijection] = []
        constant = 0.0
        for bijection in _flattened(flow):
            dimension = bijection.dimension
            if isinstance(bijection, AffineCoupling | AdditiveCoupling):
                between, log_det = _between(pending, dimension, first=not self.blocks)
                constant += log_det
                self.blocks.append(_Block(between, bijection))
                pending = []
            else:
                pending.append(bijection)
        while pending and isinstance(pending[-1], Rotation | Swap):
            pending.pop()
        self.last = None
        if pending:
            self.last, log_det = _between(pending, dimension, first=not self.blocks)
            constant += log_det
        self.constant = constant - 0.5 * dimension * math.log(2 * math.pi)

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors, (B, H·W, D) float32; gives (B, H·W), natural logarithm."""
        return self.constant - 0.5 * self.energy(vectors)

    def energy(self, vectors: Tensor) -> Tensor:
        """‖u‖² - 2·Σ log-scales: -2·log p̂ but for what is the same for all vectors.

        Args:
            vectors: (B, H·W, D) float32.

        Returns:
            (B, H·W) float32.
        """
        x = vectors if self.standard is None else self.standard(vectors)
        # Rows of one matrix from here on: engines do a product and its bias in one step for matrices alone.
        parts = [x.flatten(0, 1)]
        tangents: list[Tensor] = []
        for block in self.blocks:
            x1, y2, tangent = block(parts, self.condition, vectors.shape[0])
            parts = [x1, y2]
            tangents.extend(() if tangent is None else (tangent,))
        if self.last is not None:
            parts = self.last(parts)
        # The parts are never put together: the norm does not need it.
        energy = _total([(part * part).sum(dim=1) for part in parts])
        if tangents:
            energy = energy - 2 * CLAMP * _total(tangents).sum(dim=1)
        return energy.reshape(vectors.shape[:2])


def _total(terms: list[Tensor]) -> Tensor:
    return functools.reduce(torch.add, terms)


def _flattened(flow: Iterable[Bijection]) -> Iterator[Bijection]:
    for bijection in flow:
        if isinstance(bijection, Chain):
            yield from _flattened(bijection)
        else:
            yield bijection


class _PositionAffine(nn.Module):
    gain: Tensor
    offset: Tensor

    def __init__(self, standard: PositionStandard) -> None:
        super().__init__()
        self.register_buffer("gain", 1 / standard.deviation)
        self.register_buffer("offset", -standard.mean / standard.deviation)

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors * self.gain + self.offset


@dataclass(frozen=True)
class _Affine:
    """x·matrix + offset, float64, with the logarithm of its determinant."""

    matrix: Tensor
    offset: Tensor
    log_det: float


class _Split(nn.Module):
    """An affine map whose result comes in two parts: two products take less time than one and a copy."""

    matrix1: Tensor
    matrix2: Tensor
    offset1: Tensor
    offset2: Tensor

    def __init__(self, affine: _Affine, passive: int) -> None:
        super().__init__()
        for number, columns in (1, slice(None, passive)), (2, slice(passive, None)):
            self.register_buffer(f"matrix{number}", affine.matrix[:, columns].float().contiguous())
            self.register_buffer(f"offset{number}", affine.offset[columns].float())
        self.shifts = bool(affine.offset.any())

    def forward(self, parts: list[Tensor]) -> list[Tensor]:
        x = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        if not self.shifts:
            return [x @ self.matrix1, x @ self.matrix2]
        return [torch.addmm(self.offset1, x, self.matrix1), torch.addmm(self.offset2, x, self.matrix2)]


class _Exchange(nn.Module):
    """The halves change places."""

    def forward(self, parts: list[Tensor]) -> list[Tensor]:
        return parts[::-1]


class _Block(nn.Module):
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

    def __init__(self, before: nn.Module, coupling: AffineCoupling | AdditiveCoupling) -> None:
        super().__init__()
        self.before = before
        self.scales = isinstance(coupling, AffineCoupling)
        damping = coupling.damping if isinstance(coupling, AffineCoupling) else 1.0
        subnet = coupling.subnet
        with torch.no_grad():
            self.register_buffer("first", subnet.passive.weight.T.contiguous())
            self.register_buffer("first_bias", subnet.passive.bias.clone())
            weight = None if subnet.condition is None else subnet.condition.weight.T.contiguous()
            self.register_buffer("condition", weight)
            # The scales' rows, where there are any, stand before the shifts'.
            rows = len(subnet.last.bias) - coupling.active
            for name, part in ("scale", slice(None, rows)), ("shift", slice(rows, None)):
                self.register_buffer(name, (damping * subnet.last.weight[part].T).contiguous())
                self.register_buffer(f"{name}_bias", damping * subnet.last.bias[part])

    def forward(
        self, parts: list[Tensor], condition: Tensor | None, pictures: int
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Give the half that stays, the half that has changed, and its log-scales in units of `CLAMP`."""
        x1, x2 = self.before(parts)
        bias = self.first_bias
        if self.condition is not None and condition is not None:
            # A bias for every row. Where a graph is run for one picture at a time, it is a constant, and
            # product, bias and relu are one operation.
            bias = torch.addmm(bias, condition, self.condition)
            bias = bias.expand(pictures, *bias.shape).flatten(0, 1)
        hidden = torch.relu(torch.addmm(bias, x1, self.first))
        shift = torch.addmm(self.shift_bias, hidden, self.shift)
        if not self.scales:
            return x1, x2 + shift, None
        tangent = torch.tanh(torch.addmm(self.scale_bias, hidden, self.scale))
        return x1, x2 * (CLAMP * tangent).exp() + shift, tangent


def _between(bijections: list[Bijection], dimension: int, *, first: bool) -> tuple[nn.Module, float]:
    """What stands before a block, or after the last one, with the logarithm of its determinant.

    Args:
        bijections: Affine ones, in order.
        dimension: D.
        first: No block came before, so that there are no halves yet.
    """
    active, passive = split_channels(dimension)
    is_swap = len(bijections) == 1 and isinstance(bijections[0], Swap)
    if is_swap and active == passive and not first:
        return _Exchange(), 0.0
    affine = _compose(bijections, dimension)
    return _Split(affine, passive), affine.log_det


def _compose(bijections: list[Bijection], dimension: int) -> _Affine:
    """The composition of affine bijections; the identity where there are none."""
    log_det = 0.0
    # The images of zero and of the unit vectors tell an affine map, whatever it is made of.
    points = torch.cat((torch.zeros(1, dimension), torch.eye(dimension))).double()
    with torch.no_grad():
        for bijection in bijections:
            device = next((tensor.device for tensor in bijection.state_dict().values()), points.device)
            image, change = bijection.double()(points.to(device))
            bijection.float()
            points = image.cpu()
            log_det += float(change[0])
    return _Affine(points[1:] - points[0], points[0], log_det)
