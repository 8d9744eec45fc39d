"""The Gaussian at which the flow of joined features begins (eq. 6): own means, low-rank covariances."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from flawflow.learn.detector.standard import LEAST_VARIANCE, shrink, spread
from flawflow.learn.flow.rotation import random_rotation

# Of each channel's variance, added to the covariance's diagonal: what JPEG makes of equal pictures.
_REGULARISATION = 0.01
# Cells whose covariances are decomposed at once.
_PART = 64

Chunks = Callable[[], Iterator[Tensor]]


class CellGaussian(nn.Module):
    """Whiten vectors: x = (I + V_q·diag(g_q)·V_qᵀ)·W·(z - μ_i) at position i of cell q.

    Each position has its own mean μ_i. W whitens the covariance that all positions share. What a cell's own
    covariance, in that space, differs by is corrected in the directions V_q in which it differs most; its
    eigenvalues λ become 1 by g = λ^(-1/2) - 1. A cell is a few neighbouring positions: they share what
    pictures are too few to tell of each alone, and the model stays small.

    A cell's covariance weighs N / (N + D) against the shared one, with N pictures and D channels.

    Attributes:
        matrix: W, (D, D).
        offset: -W·μ_i, (H·W, D).
        basis: V_q, (cells, D, R); R is 0 where no cell has a covariance of its own.
        gain: g_q, (cells, 1, R).
    """

    matrix: Tensor
    offset: Tensor
    basis: Tensor
    gain: Tensor

    def __init__(self, matrix: Tensor, offset: Tensor, basis: Tensor, gain: Tensor) -> None:
        super().__init__()
        for name, value in (("matrix", matrix), ("offset", offset), ("basis", basis), ("gain", gain)):
            self.register_buffer(name, value.float().contiguous())

    @classmethod
    @torch.no_grad()
    def from_data(
        cls,
        chunks: Chunks,
        *,
        cell: int,
        rank: int,
        noise: float = 0.0,
        seed: int = 0,
        by_position: bool = True,
        inside: Tensor | None = None,
    ) -> "CellGaussian":
        """Measure vectors of good pictures.

        Args:
            chunks: Gives the vectors in portions, each (rows, H·W, D) float32; two rows or more in all. It
                is called twice.
            cell: How many positions, one after the other, share a covariance; it divides them all.
            rank: Most directions in which a cell's covariance is its own.
            noise: Deviation of the noise that whitened vectors are taken to carry: they become so much
                smaller that they are of deviation 1 with it.
            seed: Of the rotation that ends the whitening: it mixes the channels for the flow that follows.
            by_position: Give each position its own mean; otherwise all have that of the whole map.
            inside: The positions to measure, (P,) int64; None for all. The others get the mean of these, and
                a cell without any keeps the shared covariance.
        """
        mean, deviation, rows = _moments(chunks, inside, by_position=by_position)
        cells = len(mean) // cell
        counts = torch.ones(len(mean))
        if inside is not None:
            counts = torch.zeros(len(mean)).index_fill(0, inside.cpu(), 1.0)
        own = torch.zeros(cells, mean.shape[1], mean.shape[1])
        for chunk in chunks():
            centred = ((chunk.cpu() - mean) / deviation * counts[:, None]).transpose(0, 1)
            vectors = centred.reshape(cells, -1, mean.shape[1])
            own += vectors.transpose(1, 2) @ vectors
        per_cell = rows * counts.reshape(cells, -1).sum(dim=1)
        shared = own.double().sum(dim=0) / per_cell.sum()
        shared.diagonal().add_(_REGULARISATION)
        inverse = torch.linalg.inv(torch.linalg.cholesky(shared))
        rotation = random_rotation(len(shared), generator=torch.Generator().manual_seed(seed))
        inverse = (rotation.double() @ inverse).float()
        weight = rows / (rows + mean.shape[1])
        share = torch.where(per_cell > 0, weight / per_cell.clamp_min(1), 0)
        basis, gain = _directions(own, inverse, share, weight * (per_cell > 0), min(rank, mean.shape[1]))
        matrix = inverse.T / deviation[:, None] / (1 + noise**2) ** 0.5
        return cls(matrix, -mean @ matrix, basis, gain)

    def forward(self, vectors: Tensor) -> Tensor:
        """Whiten vectors.

        Args:
            vectors: (B, H·W, D) float32.

        Returns:
            The same shape; on good pictures about standard normal.
        """
        x = vectors @ self.matrix + self.offset
        if not self.basis.shape[2]:
            return x
        in_cells = self._in_cells(x)
        change = ((in_cells @ self.basis) * self.gain) @ self.basis.transpose(1, 2)
        return (in_cells + change).reshape(x.shape)

    def energy(self, vectors: Tensor) -> Tensor:
        """The squared length of whitened vectors, (B, H·W): M² (eq. 3), without whitening them whole."""
        x = vectors @ self.matrix + self.offset
        energy = x.square().sum(dim=2)
        if not self.basis.shape[2]:
            return energy
        # The directions are orthonormal: those that are corrected count (1 + g)² in place of 1.
        change = ((self._in_cells(x) @ self.basis).square() * (self.gain.square() + 2 * self.gain)).sum(dim=3)
        return energy + change.reshape(energy.shape)

    def _in_cells(self, x: Tensor) -> Tensor:
        cells = self.basis.shape[0]
        return x.reshape(-1, cells, x.shape[1] // cells, x.shape[2])


def _moments(chunks: Chunks, inside: Tensor | None, *, by_position: bool) -> tuple[Tensor, Tensor, int]:
    """Means of positions, (H·W, D), shrunk as far as chance explains their differences; deviation, (D,)."""
    rows, total, squares = 0, torch.zeros(()).double(), torch.zeros(()).double()
    for chunk in chunks():
        rows += len(chunk)
        total = total + chunk.cpu().sum(dim=0, dtype=torch.float64)
        squares = squares + chunk.cpu().double().square().sum(dim=0)
    mean, variance = total / rows, (squares - total.square() / rows).clamp_min(0) / (rows - 1)
    positions = len(mean)
    if inside is not None:
        mean, variance = mean[inside.cpu()], variance[inside.cpu()]
    typical = variance.mean(dim=0)
    if by_position:
        mean = shrink(mean, typical / rows)
    else:
        typical = typical + mean.var(dim=0, correction=0)
        mean = mean.mean(dim=0).expand_as(mean)
    typical = typical.clamp_min(LEAST_VARIANCE * typical.mean()).clamp_min(torch.finfo(torch.float32).tiny)
    return spread(mean, inside, positions).float(), typical.sqrt().float(), rows


def _directions(
    own: Tensor, inverse: Tensor, share: Tensor, weight: Tensor, rank: int
) -> tuple[Tensor, Tensor]:
    """The directions in which cells differ most from the shared covariance, and their gains.

    Args:
        own: Sums of products of each cell, (cells, D, D).
        inverse: What whitens the shared covariance, (D, D): L⁻¹.
        share: What a cell's sum is multiplied by, (cells,): its weight as a covariance.
        weight: How much of each cell's covariance is its own, (cells,).
        rank: R.
    """
    dimension = own.shape[1]
    bases, gains = [torch.zeros(0, dimension, rank)], [torch.zeros(0, 1, rank)]
    for start in range(0, len(own), _PART):
        part = slice(start, start + _PART)
        whitened = inverse @ (own[part] * share[part, None, None]) @ inverse.T
        whitened += (1 - weight[part])[:, None, None] * torch.eye(dimension)
        values, vectors = torch.linalg.eigh(whitened)
        values = values.clamp_min(1e-6)
        chosen = values.log().abs().topk(rank, dim=1).indices[:, None]
        gains.append(torch.gather(values.rsqrt() - 1, 1, chosen[:, 0])[:, None])
        bases.append(torch.gather(vectors, 2, chosen.expand(-1, dimension, -1)))
    return torch.cat(bases), torch.cat(gains)
