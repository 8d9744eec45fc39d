"""A trained scale as inspection runs it: the same function with everything constant computed in advance.

The condition of a position never changes, so its product with a subnet's first layer is a constant of
that position. What is affine between two couplings, whatever it was made of, is one matrix. The last
rotation keeps ‖u‖ and goes.
"""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from flawflow.learn.detector.standard import PositionStandard
from flawflow.learn.flow import AdditiveCoupling, AffineCoupling, Bijection, Chain, Rotation
from flawflow.learn.flow.coupling import CLAMP


class FoldedFlow(nn.Module):
    """log p̂(z|c) of every vector of a scale (eq. 8), in standardised coordinates.

    Args:
        flow: The bijections, in order.
        condition: The condition of each position, (H·W, C); None where the flow has none.
        standard: The positions' own affine layer, which comes first; None where there is none.
    """

    def __init__(
        self, flow: Iterable[Bijection], condition: Tensor | None, standard: PositionStandard | None = None
    ) -> None:
        super().__init__()
        self.standard = None if standard is None else _PositionAffine(standard)
        parts: list[nn.Module] = []
        pending: list[Bijection] = []
        constant = 0.0
        for bijection in _flattened(flow):
            dimension = bijection.dimension
            if isinstance(bijection, AffineCoupling | AdditiveCoupling):
                constant += _append_affine(parts, pending)
                parts.append(_FoldedCoupling(bijection, condition))
                pending = []
            else:
                pending.append(bijection)
        while pending and isinstance(pending[-1], Rotation):
            pending.pop()
        constant += _append_affine(parts, pending)
        self.parts = nn.ModuleList(parts)
        self.constant = constant - 0.5 * dimension * math.log(2 * math.pi)

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors, (B, H·W, D) float32; gives (B, H·W), natural logarithm."""
        x = vectors if self.standard is None else self.standard(vectors)
        log_det: Tensor | None = None
        for part in self.parts:
            x, change = part(x)
            if change is not None:
                log_det = change if log_det is None else log_det + change
        log_p = self.constant - 0.5 * x.square().sum(dim=-1)
        return log_p if log_det is None else log_p + log_det.sum(dim=-1)


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


class _Affine(nn.Module):
    matrix: Tensor
    offset: Tensor

    def __init__(self, matrix: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)
        self.register_buffer("offset", offset)
        self.shifts = bool(offset.any())

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        y = x @ self.matrix
        return (y + self.offset if self.shifts else y), None


class _FoldedCoupling(nn.Module):
    """A coupling block with its condition folded into one bias a position."""

    first: Tensor
    bias: Tensor
    last: Tensor
    last_bias: Tensor

    def __init__(self, coupling: AffineCoupling | AdditiveCoupling, condition: Tensor | None) -> None:
        super().__init__()
        self.passive = coupling.passive
        self.scales = isinstance(coupling, AffineCoupling)
        damping = coupling.damping if isinstance(coupling, AffineCoupling) else 1.0
        subnet = coupling.subnet
        with torch.no_grad():
            bias: Tensor = subnet.passive.bias
            if subnet.condition is not None and condition is not None:
                bias = bias + condition @ subnet.condition.weight.T
            self.register_buffer("first", subnet.passive.weight.T.contiguous())
            self.register_buffer("bias", bias.clone())
            self.register_buffer("last", (damping * subnet.last.weight.T).contiguous())
            self.register_buffer("last_bias", damping * subnet.last.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        x1, x2 = x[..., : self.passive], x[..., self.passive :]
        answer = torch.relu(x1 @ self.first + self.bias) @ self.last + self.last_bias
        if not self.scales:
            return torch.cat((x1, x2 + answer), dim=-1), None
        active = x2.shape[-1]
        log_scale = CLAMP * torch.tanh(answer[..., :active])
        return torch.cat((x1, x2 * log_scale.exp() + answer[..., active:]), dim=-1), log_scale


def _append_affine(parts: list[nn.Module], bijections: list[Bijection]) -> float:
    """Add the composition of affine bijections as one matrix; gives its constant log-determinant."""
    if not bijections:
        return 0.0
    dimension = bijections[0].dimension
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
    offset = points[0]
    parts.append(_Affine((points[1:] - offset).float(), offset.float()))
    return log_det
