"""A learned invertible linear map."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.folding import AffineFold, Fold
from flawflow.training.flows.rotation import random_rotation


class LULinear(Bijection):
    """A learned mixing of the channels, y = W·x with W = P·L·(U + diag(sign·exp(log_scale))).

    P is a fixed permutation, L unit lower and U strictly upper triangular, so W can never become singular and
    log|det W| = Σ log_scale costs nothing. It starts as a random rotation. Glow's invertible 1×1 convolution
    (https://arxiv.org/abs/1807.03039), for vectors.

    Args:
        dimension: D.
        generator: Source of the first rotation; torch's own where None.
    """

    order: Tensor
    sign: Tensor

    def __init__(self, dimension: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(dimension)
        dtype = torch.get_default_dtype()
        p, lower, upper = torch.linalg.lu(random_rotation(dimension, generator=generator))
        diagonal = upper.diagonal()
        self.lower = nn.Parameter(lower.tril(-1).to(dtype).contiguous())
        self.upper = nn.Parameter(upper.triu(1).to(dtype).contiguous())
        self.log_scale = nn.Parameter(diagonal.abs().log().to(dtype))
        self.register_buffer("sign", diagonal.sign().to(dtype))
        self.register_buffer("order", p.argmax(dim=1))  # row i of P picks row order[i]

    def matrix(self) -> Tensor:
        """Give W, (D, D)."""
        lower, upper = self._triangles()
        return (lower @ upper)[self.order]

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return F.linear(x, self.matrix()), self.log_scale.sum().expand(x.shape[0])

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        lower, upper = self._triangles()
        columns = y[:, self.order.argsort()].T
        columns = torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)
        x: Tensor = torch.linalg.solve_triangular(upper, columns, upper=True).T
        return x

    def _triangles(self) -> tuple[Tensor, Tensor]:
        eye = torch.eye(self.dimension, dtype=self.lower.dtype, device=self.lower.device)
        # Only the triangles count, whatever an optimiser writes elsewhere.
        return self.lower.tril(-1) + eye, self.upper.triu(1) + (self.sign * self.log_scale.exp()).diag()
