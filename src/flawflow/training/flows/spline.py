"""The rational-quadratic spline of Neural Spline Flows."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.flows.transformers import Transformer

# No bin is narrower, and no slope flatter, than about this share.
_LEAST = 1e-3


@dataclass(frozen=True)
class Spline(Transformer):
    """A monotone rational-quadratic spline between -bound and bound, the identity beyond.

    NSF (https://arxiv.org/abs/1906.04032). Widths and heights of the bins are softmaxes, slopes at the inner
    knots exponentials, and 1 at both ends; raw values are squashed as zuko does, so that no bin vanishes.

    Attributes:
        bins: K.
        bound: B.
    """

    bins: int = 8
    bound: float = 5.0

    @property
    def parameters(self) -> int:  # type: ignore[override]
        """Widths, heights and inner slopes, before they are made positive."""
        return 3 * self.bins - 1

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """As of `Transformer`."""
        knots_x, knots_y, log_slopes = self._knots(p)
        inside, x0, x1, y0, y1, d0, d1 = _bin(x, knots_x, (knots_x, knots_y), log_slopes)
        mean = (y1 - y0) / (x1 - x0)
        z = torch.where(inside, (x - x0) / (x1 - x0), 0.5)
        bend = z * (1 - z)
        below = mean + (d0 + d1 - 2 * mean) * bend
        y = y0 + (y1 - y0) * (mean * z.square() + d0 * bend) / below
        rise = d1 * z.square() + 2 * mean * bend + d0 * (1 - z).square()
        log_slope = 2 * mean.log() + rise.log() - 2 * below.log()
        return torch.where(inside, y, x), torch.where(inside, log_slope, 0.0)

    def inverse(self, y: Tensor, p: Tensor) -> Tensor:
        """As of `Transformer`."""
        knots_x, knots_y, log_slopes = self._knots(p)
        inside, x0, x1, y0, y1, d0, d1 = _bin(y, knots_y, (knots_x, knots_y), log_slopes)
        mean = (y1 - y0) / (x1 - x0)
        rise = torch.where(inside, y - y0, (y1 - y0) / 2)
        curve = rise * (d0 + d1 - 2 * mean)
        a = (y1 - y0) * (mean - d0) + curve
        b = (y1 - y0) * d0 - curve
        # The other form of the root, which does not lose digits where `a` is near 0; its c is -mean·rise.
        z = 2 * mean * rise / (b + (b.square() + 4 * a * mean * rise).sqrt())
        return torch.where(inside, x0 + z * (x1 - x0), y)

    def _knots(self, p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        widths, heights, log_slopes = torch.split(p, [self.bins, self.bins, self.bins - 1], dim=1)
        log_slopes = log_slopes / (1 + log_slopes.abs() / -math.log(_LEAST))
        return self._line(widths), self._line(heights), F.pad(log_slopes, (0, 0, 1, 1))

    def _line(self, sizes: Tensor) -> Tensor:
        shares = torch.softmax(sizes / (1 + 2 * sizes.abs() / -math.log(_LEAST)), dim=1)
        # The last knot is B exactly: a sum of shares may round.
        inner = self.bound * (2 * torch.cumsum(shares[:, :-1], dim=1) - 1)
        return F.pad(F.pad(inner, (0, 0, 1, 0), value=-self.bound), (0, 0, 0, 1), value=self.bound)


def _bin(x: Tensor, along: Tensor, knots: tuple[Tensor, Tensor], log_slopes: Tensor) -> tuple[Tensor, ...]:
    """Whether x, (N, A), is between the ends, and both sides of its bin: x, y and slope, (N, A) each."""
    inside = (x > along[:, 0]) & (x < along[:, -1])
    left = (x[:, None] >= along[:, 1:-1]).sum(dim=1, keepdim=True)
    sides = [part.gather(1, left + side)[:, 0] for part in (*knots, log_slopes) for side in (0, 1)]
    return (inside, *sides[:4], sides[4].exp(), sides[5].exp())
