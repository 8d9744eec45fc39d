"""The linear flow that is optimal for Gaussian data: the Mahalanobis distance as a flow."""

from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import AffineFold, Fold
from flawflow.training.flows.standardize import check_sample


class Whiten(Bijection):
    """Bring vectors to mean 0 and covariance I: y = L⁻¹·(x - mean) with Σ = L·Lᵀ. Nothing is learned.

    Then ‖y‖² = (x - μ)ᵀ·Σ⁻¹·(x - μ) = M²(x) (eq. 3) and log|det J| = log det Σ^(-1/2), for which the
    divergence of eq. 6 is zero.

    Args:
        mean: μ, (D,).
        cholesky: L, (D, D) lower triangular with a positive diagonal.

    Raises:
        ValueError: The shapes differ or L is no Cholesky factor.
    """

    mean: Tensor
    cholesky: Tensor
    matrix: Tensor

    def __init__(self, mean: Tensor, cholesky: Tensor) -> None:
        if mean.ndim != 1 or cholesky.shape != (len(mean), len(mean)):
            raise ValueError(
                "Expected mean of shape (D,) and Cholesky factor of shape (D, D); "
                f"got {tuple(mean.shape)} and {tuple(cholesky.shape)}."
            )
        if not bool((cholesky.diagonal() > 0).all()) or not torch.equal(cholesky, cholesky.tril()):
            raise ValueError("Expected a lower triangular Cholesky factor with a positive diagonal.")
        super().__init__(len(mean))
        eye = torch.eye(len(mean), dtype=torch.float64, device=mean.device)
        inverse = torch.linalg.solve_triangular(cholesky.double(), eye, upper=False)
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("cholesky", cholesky.detach().clone(memory_format=torch.contiguous_format))
        # Kept beside L: a product is many times faster than a triangular solve for each batch.
        self.register_buffer("matrix", inverse.to(mean.dtype).contiguous())

    @classmethod
    def from_data(cls, x: Tensor, shrinkage: float = 0.0) -> Self:
        """Take mean and covariance (divided by N: maximum likelihood) from vectors, (N, D), in float64.

        Args:
            x: Vectors, (N, D).
            shrinkage: In [0, 1]: Σ becomes (1 - shrinkage)·Σ + shrinkage·(tr Σ / D)·I, which is needed where
                there are fewer vectors than channels.

        Raises:
            ValueError: There are fewer than two vectors, or the covariance is singular.
        """
        check_sample(x, shrinkage)
        mean = x.double().mean(dim=0)
        centred = x.double() - mean
        covariance = centred.T @ centred / len(x)
        variance = covariance.diagonal().mean()
        covariance = (1 - shrinkage) * covariance
        covariance.diagonal().add_(shrinkage * variance)
        cholesky, failed = torch.linalg.cholesky_ex(covariance)
        if int(failed):
            raise ValueError(
                f"The covariance of {x.shape[0]} vectors in {x.shape[1]} channels is singular; "
                f"give more vectors or a shrinkage above {shrinkage}."
            )
        return cls(mean.to(x.dtype), cholesky.to(x.dtype))

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        log_det = -self.cholesky.diagonal().log().sum()
        return F.linear(x - self.mean, self.matrix), log_det.expand(x.shape[0])

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return F.linear(y, self.cholesky) + self.mean
