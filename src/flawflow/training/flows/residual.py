"""The invertible residual block: the identity plus a contraction."""

import torch
from torch import Tensor

from flawflow.training.flows.estimated import Draw, EstimatedLogDet
from flawflow.training.flows.field import Field
from flawflow.training.flows.numeric import TOLERANCE

LIPSCHITZ = 0.9
"""The residual moves two points apart, or together, by this share of their distance at most."""

EXACT_UP_TO = 64
"""Determinants of matrices of up to so many rows are computed; beyond, they are estimated."""

_TERMS, _KEPT = 24, 4
_ITERATIONS = 500


class Residual(EstimatedLogDet):
    """Add a contraction: y = x + κ·g(x, c), with κ such that its Lipschitz constant in x is 0.9 at most.

    i-ResNet (https://arxiv.org/abs/1811.00995). log|det J| = log det(I + κ·W₂·diag(s)·W₁), exact where the
    smaller of D and the width is 64 at most (the determinant is that of the smaller product, by Sylvester).
    Otherwise it is Σ_k (-1)^(k+1)·tr(A^k)/k in random directions: while it learns, cut off at random and
    weighted so that there is no bias (Residual Flows, https://arxiv.org/abs/1906.02735); after `eval()`, cut
    off after 24 terms. The inverse is a fixed point, to within `tolerance`. It neither folds nor exports.

    Args:
        dimension: D.
        condition_dimension: C; 0 makes the block unconditional.
        hidden: Width of g; 2·(D + C) where None.
        start_at_identity: Begin with y = x exactly.
        generator: Source of the first weights and directions; torch's own where None.
    """

    tolerance = TOLERANCE

    def __init__(
        self,
        dimension: int,
        condition_dimension: int = 0,
        *,
        hidden: int | None = None,
        start_at_identity: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        hidden = 2 * (dimension + condition_dimension) if hidden is None else hidden
        super().__init__(
            dimension,
            condition_dimension,
            is_exact=min(dimension, hidden) <= EXACT_UP_TO,
            generator=generator,
        )
        self.field = Field(
            dimension, condition_dimension, hidden, zero_last=start_at_identity, generator=generator
        )

    def contraction(self) -> Tensor:
        """Give κ: 1 where g's weights are small enough, and what makes them so elsewhere."""
        first, last = (
            torch.linalg.matrix_norm(part.weight, 2) for part in (self.field.first, self.field.last)
        )
        factor: Tensor = LIPSCHITZ / (first * last).clamp_min(LIPSCHITZ)
        return factor

    def _measure(self, x: Tensor, condition: Tensor | None, draw: Draw | None) -> tuple[Tensor, Tensor]:
        factor = self.contraction()
        move, slopes = self.field(x, condition)
        slopes = factor * slopes
        return x + factor * move, self._exact(slopes) if draw is None else self._estimate(slopes, draw)

    def _exact(self, slopes: Tensor) -> Tensor:
        first, last = self.field.first.weight, self.field.last.weight
        if self.dimension <= len(first):
            matrices = self._jacobian(slopes)
        else:
            eye = torch.eye(len(first), dtype=slopes.dtype, device=slopes.device)
            matrices = eye + slopes[:, :, None] * (first @ last)
        log_det: Tensor = torch.linalg.slogdet(matrices).logabsdet
        return log_det

    def _estimate(self, slopes: Tensor, draw: Draw) -> Tensor:
        terms = _TERMS if draw.more is None else _KEPT + draw.more
        total = torch.zeros_like(slopes[:, 0])
        products = draw.directions[:, None]
        for k in range(1, terms + 1):
            products = self.field.product(products, slopes)
            # A term that is added once in 2ⁿ times counts 2ⁿ times.
            weight = 1.0 if draw.more is None else 2.0 ** max(0, k - _KEPT)
            total = total - (-1) ** k * weight / k * draw.mean(products)
        return total

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        factor = self.contraction()
        with torch.no_grad():
            x = y
            for _ in range(_ITERATIONS):
                before, x = x, y - factor * self.field(x, condition)[0]
                if bool(((x - before).abs() <= 0.01 * TOLERANCE * (1 + y.abs())).all()):
                    break
        # One step of Newton's method ends the search; it also gives the gradient.
        move, slopes = self.field(x, condition)
        rest = y - x - factor * move
        step: Tensor = torch.linalg.solve(self._jacobian(factor * slopes).detach(), rest[:, :, None])
        return x + step[:, :, 0]

    def _jacobian(self, slopes: Tensor) -> Tensor:
        """∂y/∂x, (N, D, D), at slopes (N, H)."""
        move = torch.einsum("dh,nh,he->nde", self.field.last.weight, slopes, self.field.first.weight)
        return torch.eye(self.dimension, dtype=slopes.dtype, device=slopes.device) + move
