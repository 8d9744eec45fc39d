"""A fixed scale and shift of each channel, taken from data."""

from typing import Self

import torch
from torch import Tensor

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import AffineFold, Fold

SHRINKAGE = 1e-6
"""Share of the mean variance that keeps a constant channel from being divided by zero."""


class Standardize(Bijection):
    """Bring each channel to mean 0 and deviation 1: y = (x - mean) / std. Nothing is learned.

    Args:
        mean: (D,).
        std: (D,), positive.

    Raises:
        ValueError: The shapes differ or a deviation is not positive.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        if mean.ndim != 1 or mean.shape != std.shape or not bool((std > 0).all()):
            raise ValueError(
                "Expected mean and positive std of shape (D,); "
                f"got {tuple(mean.shape)} and {tuple(std.shape)} with least std {_least(std)}."
            )
        super().__init__(len(mean))
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())

    @classmethod
    def from_data(cls, x: Tensor, shrinkage: float = SHRINKAGE) -> Self:
        """Take mean and deviation from vectors, (N, D); see `moments`."""
        return cls(*moments(x, shrinkage))

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return (x - self.mean) / self.std, -self.std.log().sum().expand(x.shape[0])

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return torch.addcmul(self.mean, y, self.std)


def moments(x: Tensor, shrinkage: float = SHRINKAGE) -> tuple[Tensor, Tensor]:
    """Measure mean and deviation (divided by N) of each channel, (D,) and (D,), in the dtype of `x`.

    Args:
        x: Vectors, (N, D).
        shrinkage: In [0, 1]: the variance becomes (1 - shrinkage)·variance + shrinkage·(the channels' mean
            variance).

    Raises:
        ValueError: There are fewer than two vectors, or nothing varies.
    """
    check_sample(x, shrinkage)
    variance, mean = torch.var_mean(x, dim=0, correction=0)
    variance = (1 - shrinkage) * variance + shrinkage * variance.mean()
    if not bool((variance > 0).all()):
        raise ValueError("Expected vectors that vary in every channel, or a shrinkage above 0 where some do.")
    return mean, variance.sqrt()


def check_sample(x: Tensor, shrinkage: float) -> None:
    """Refuse data that no mean and deviation can be taken from.

    Raises:
        ValueError: `x` is not (N, D) with N ≥ 2, or `shrinkage` is outside [0, 1].
    """
    if x.ndim != 2 or x.shape[0] < 2:
        raise ValueError(f"Expected data of shape (N, D) with N of 2 or more; got {tuple(x.shape)}.")
    if not 0 <= shrinkage <= 1:
        raise ValueError(f"Expected a shrinkage between 0 and 1; got {shrinkage}.")


def _least(std: Tensor) -> float | None:
    return std.min().item() if std.numel() else None
