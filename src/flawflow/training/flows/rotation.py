"""A fixed random rotation: the soft permutation between two coupling blocks."""

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.flows.bijection import Bijection, no_change
from flawflow.training.flows.folding import AffineFold, Fold


class Rotation(Bijection):
    """Turn the vectors by a fixed rotation, y = R·x with R in SO(D); it keeps volumes and lengths.

    It mixes what a coupling block reads with what it changes. R is a buffer of torch's default dtype and
    never learns.

    Args:
        dimension: D.
        generator: Source of the rotation; torch's own where None.
    """

    matrix: Tensor

    def __init__(self, dimension: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(dimension)
        self.register_buffer(
            "matrix", random_rotation(dimension, generator=generator).to(torch.get_default_dtype())
        )

    def fold(self) -> list[Fold]:
        """It is affine."""
        return [AffineFold.of(self)]

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return F.linear(x, self.matrix), no_change(x)

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return F.linear(y, self.matrix.T)


def random_rotation(dimension: int, *, generator: torch.Generator | None = None) -> Tensor:
    """Draw a rotation from the uniform (Haar) law of SO(D), as (D, D) float64 with determinant +1.

    Q of a Gaussian matrix is uniform once the signs are fixed by R's diagonal
    (Mezzadri, https://arxiv.org/abs/math-ph/0609050); turning one row round makes a reflection a rotation.
    """
    gauss = torch.randn(dimension, dimension, generator=generator, dtype=torch.float64)
    q: Tensor
    q, r = torch.linalg.qr(gauss)
    # copysign and not sign: a zero on the diagonal would blot out a column.
    q = q * torch.copysign(torch.ones(dimension, dtype=q.dtype), r.diagonal())
    q[0] *= torch.linalg.slogdet(q).sign
    return q.contiguous()
