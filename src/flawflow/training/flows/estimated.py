"""The second contract: a log-determinant that is exact where that is cheap, and estimated otherwise."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection

PROBES = 4
"""How many random directions an estimate asks."""


@dataclass(frozen=True, eq=False)
class Draw:
    """What an estimate draws at random.

    Attributes:
        directions: Random signs, (P, D).
        more: Of a series, how many further terms to add, P(more ≥ n) = 2⁻ⁿ; None to add as many as it takes.
    """

    directions: Tensor
    more: int | None = None

    def mean(self, products: Tensor) -> Tensor:
        """Average vᵀ·A·v, (N,), over the directions, of the products vᵀ·A, (P, N, D)."""
        return (products * self.directions[:, None]).sum(dim=2).mean(dim=0)


class EstimatedLogDet(Bijection):
    """A bijection of a free form, whose Jacobian is too large to be written down where D is.

    `exact` is what `forward` gives where `is_exact`. Otherwise it gives `estimated`, by Hutchinson's trace
    estimator, tr A ≈ vᵀ·A·v for random signs v: from new directions at each call while it learns, and from
    fixed ones after `eval()`, so that a vector's likelihood belongs to the vector. Calls are counted, and the
    count is their seed: a training that is resumed draws as one that was not interrupted.

    Args:
        dimension: D.
        condition_dimension: C.
        is_exact: Whether `forward` is exact.
        generator: Source of the fixed directions; torch's own where None.
    """

    directions: Tensor
    calls: Tensor
    exportable = False

    def __init__(
        self,
        dimension: int,
        condition_dimension: int,
        *,
        is_exact: bool,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dimension, condition_dimension)
        self.is_exact = is_exact
        self.register_buffer("directions", random_signs((PROBES, dimension), generator))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def exact(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Do what `forward` does, with the exact log-determinant."""
        self._check(x, condition)
        return self._measure(x, condition, None)

    def estimated(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Do what `forward` does, with an estimated log-determinant."""
        self._check(x, condition)
        if not self.training:
            return self._measure(x, condition, Draw(self.directions))
        self.calls += 1
        generator = torch.Generator().manual_seed(int(self.calls))
        directions = random_signs(tuple(self.directions.shape), generator).to(x)
        # How many terms of a series to add to those that always count: a half one more, a quarter two, …
        more = int(torch.empty(()).geometric_(0.5, generator=generator)) - 1
        return self._measure(x, condition, Draw(directions, more))

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return (self.exact if self.is_exact else self.estimated)(x, condition)

    @abstractmethod
    def _measure(self, x: Tensor, condition: Tensor | None, draw: Draw | None) -> tuple[Tensor, Tensor]: ...


def random_signs(shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
    """Draw 1 or -1 evenly, of torch's default dtype."""
    return (2 * torch.randint(2, shape, generator=generator) - 1).to(torch.get_default_dtype())
