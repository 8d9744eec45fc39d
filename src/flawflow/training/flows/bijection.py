"""The contract of every bijection: what it takes, what it gives, what it refuses."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from flawflow.training.flows.folding import Fold, NoFold


class Bijection(nn.Module, ABC):
    """An invertible map of vectors, the flow's direction z → u, with the volume it changes (eq. 4).

    A subclass writes `_forward` and `_inverse`; the shapes are checked here, once for all. A bijection
    with `condition_dimension` 0 ignores the condition, so that it can stand beside conditional ones. One that
    is affine or a coupling block says so in `fold`, which makes inspection faster and changes no result.

    Attributes:
        dimension: D, the number of channels of a vector.
        condition_dimension: C, the number of channels of the condition; 0 where none is used.
        tolerance: 0 where the inverse is a closed form. Otherwise it is found by iteration, and
            forward(inverse(y)) is y to within `tolerance`·(1 + |y|), beyond rounding.
        exportable: Whether `forward` can become an ONNX graph.
    """

    tolerance: float = 0.0
    exportable: bool = True

    def __init__(self, dimension: int, condition_dimension: int = 0) -> None:
        super().__init__()
        if dimension < 1 or condition_dimension < 0:
            raise ValueError(
                "Expected a dimension of 1 or more and a condition dimension of 0 or more; "
                f"got {dimension} and {condition_dimension}."
            )
        self.dimension = dimension
        self.condition_dimension = condition_dimension

    if TYPE_CHECKING:  # torch types the call of a module as Any

        def __call__(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
            """Do what `forward` does."""
            ...

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map vectors and measure the change of volume.

        Args:
            x: Vectors, (N, D) floating.
            condition: What is known of each vector, (N, C); needed where `condition_dimension` is not 0.

        Returns:
            y: The mapped vectors, (N, D).
            log_det: log|det ∂y/∂x| of each vector, (N,), natural logarithm.

        Raises:
            ValueError: A shape does not fit.
        """
        self._check(x, condition)
        return self._forward(x, condition)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> Tensor:
        """Find the vectors x, (N, D), that `forward` maps to `y` under the same condition.

        Raises:
            ValueError: A shape does not fit.
        """
        self._check(y, condition)
        return self._inverse(y, condition)

    def fold(self) -> list[Fold]:
        """Say what a folded flow may put in its place, in order; only a subclass can know."""
        return [NoFold(self)]

    @abstractmethod
    def _forward(self, x: Tensor, condition: Tensor | None, /) -> tuple[Tensor, Tensor]: ...

    @abstractmethod
    def _inverse(self, y: Tensor, condition: Tensor | None, /) -> Tensor: ...

    def _check(self, x: Tensor, condition: Tensor | None) -> None:
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise ValueError(
                f"Expected input of shape (N, D) with D = {self.dimension}; got {tuple(x.shape)}."
            )
        if self.condition_dimension == 0:
            return
        expected = (x.shape[0], self.condition_dimension)
        if condition is None or condition.shape != expected:
            got = None if condition is None else tuple(condition.shape)
            raise ValueError(f"Expected condition of shape (N, C) = {tuple(expected)}; got {got}.")

    def extra_repr(self) -> str:
        """Name the sizes in the printed module."""
        condition = f", condition_dimension={self.condition_dimension}" if self.condition_dimension else ""
        return f"dimension={self.dimension}{condition}"


def no_change(x: Tensor) -> Tensor:
    """Give the log-determinant of a map that keeps volumes: zeros, (N,)."""
    return torch.zeros(x.shape[0], dtype=x.dtype, device=x.device)
