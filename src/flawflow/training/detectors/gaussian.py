"""The Gaussian of joined features (eq. 6): each position's own mean, each cell's own low-rank covariance."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from flawflow.training.detectors.position_standardizer import MIN_VARIANCE_SHARE, shrink, spread
from flawflow.training.detectors.rounding import to_half, to_levels
from flawflow.training.flows.rotation import random_rotation

# Of each channel's variance, added to the covariance's diagonal: what JPEG makes of equal pictures.
_REGULARISATION = 0.01
# How far, in logarithms, a cell's smaller differences count: as a whole they tell how quiet a place is, and a
# place that was always quiet shall not be made as loud as the part.
_REST_SHARE = 0.5
# Cells whose covariances are decomposed at once.
_CELLS_AT_ONCE = 64

Chunks = Callable[[], Iterator[Tensor]]


class CellGaussian(nn.Module):
    """Measure vectors: M² = |x|²_q, x = W·(z - μ_i), at position i of cell q (eq. 3).

    Each position has its own mean μ_i. W whitens the covariance that all positions share. In that space a
    cell has a covariance of its own, held as probabilistic principal components are: the R directions V_q
    in which it differs most have their own eigenvalues λ, all others the root ρ_q of their geometric mean, so

        M² = |x|² / ρ_q + Σ_r (1/λ_r - 1/ρ_q)·(v_r·x)².

    A cell is a few neighbouring positions: they share what pictures are too few to tell of each alone, and
    the model stays small. A cell's covariance weighs N / (N + D) against the shared one, with N pictures and
    D channels.

    Attributes:
        matrix: W, (D, D).
        offset: -W·μ_i, (H·W, D).
        basis: V_q, (cells, D, R); R is 0 where no cell has a covariance of its own.
        gain: ρ_q/λ_r - 1, (cells, 1, R).
        rest: 1/ρ_q, (cells, 1).
    """

    matrix: Tensor
    offset: Tensor
    basis: Tensor
    gain: Tensor
    rest: Tensor

    def __init__(self, matrix: Tensor, offset: Tensor, basis: Tensor, gain: Tensor, rest: Tensor) -> None:
        super().__init__()
        constants = {"matrix": matrix, "offset": offset, "basis": basis, "gain": gain, "rest": rest}
        for name, value in constants.items():
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
        weights = weight * (per_cell > 0)
        basis, gain, rest = _own_covariances(own, inverse, share, weights, min(rank, mean.shape[1]))
        matrix = inverse.T / deviation[:, None] / (1 + noise**2) ** 0.5
        return cls(matrix, -mean @ matrix, basis, gain, rest)

    def forward(self, vectors: Tensor) -> Tensor:
        """Whiten vectors by the covariance that positions share.

        Args:
            vectors: (B, H·W, D) float32.

        Returns:
            x, the same shape; on good pictures about standard normal.
        """
        return vectors @ self.matrix + self.offset

    def rounded(self) -> "CellGaussian":
        """The same with offsets that float16 holds and directions in 255 levels."""
        basis = to_levels(self.basis) if self.basis.shape[2] else self.basis
        return CellGaussian(self.matrix, to_half(self.offset), basis, self.gain, self.rest)

    def energy(self, whitened: Tensor) -> Tensor:
        """M² of whitened vectors (B, H·W, D) by the cells' own covariances, (B, H·W)."""
        energy = whitened.square().sum(dim=2)
        if not self.basis.shape[2]:
            return energy
        in_cells = self._in_cells(whitened)
        own = ((in_cells @ self.basis).square() * self.gain).sum(dim=3)
        return ((energy.reshape(own.shape) + own) * self.rest).reshape(energy.shape)

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
    typical = typical.clamp_min(MIN_VARIANCE_SHARE * typical.mean()).clamp_min(
        torch.finfo(torch.float32).tiny
    )
    return spread(mean, inside, positions).float(), typical.sqrt().float(), rows


def _own_covariances(
    own: Tensor, inverse: Tensor, share: Tensor, weight: Tensor, rank: int
) -> tuple[Tensor, Tensor, Tensor]:
    """What is kept of the cells' own covariances: `basis`, `gain` and `rest` of a `CellGaussian`.

    Args:
        own: Sums of products of each cell, (cells, D, D).
        inverse: What whitens the shared covariance, (D, D): L⁻¹.
        share: What a cell's sum is multiplied by, (cells,): its weight as a covariance.
        weight: How much of each cell's covariance is its own, (cells,).
        rank: R.
    """
    dimension = own.shape[1]
    parts = []
    for start in range(0, len(own), _CELLS_AT_ONCE):
        part = slice(start, start + _CELLS_AT_ONCE)
        whitened = inverse @ (own[part] * share[part, None, None]) @ inverse.T
        whitened += (1 - weight[part])[:, None, None] * torch.eye(dimension)
        values, vectors = torch.linalg.eigh(whitened)
        chosen, logarithm, rest = _differing(values.clamp_min(1e-6).log(), rank)
        basis = torch.gather(vectors, 2, chosen[:, None].expand(-1, dimension, -1))
        parts.append((basis, (rest - logarithm).exp()[:, None] - 1, (-rest).exp()))
    basis, gain, rest = (torch.cat(part) for part in zip(*parts, strict=True))
    return basis, gain, rest


def _differing(logarithms: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Choose eigenvalues that differ most from the geometric mean of the others.

    Ascending eigenvalues are chosen from both ends, so there are `rank` + 1 ways to do it: the best leaves
    the others closest together.

    Args:
        logarithms: (cells, D) log λ, ascending.
        rank: How many to choose, R.

    Returns:
        Their numbers, (cells, R) int64; their logarithms, (cells, R); log ρ of the others, (cells, 1).
    """
    count = logarithms.shape[1]
    if rank >= count:
        numbers = torch.arange(count).expand_as(logarithms)
        return numbers, logarithms, logarithms.new_zeros(len(logarithms), 1)
    kept = logarithms.double().unfold(1, count - rank, 1)
    lowest = kept.var(dim=2, correction=0).argmin(dim=1)
    rest = _REST_SHARE * kept.mean(dim=2).gather(1, lowest[:, None])
    numbers = torch.arange(rank).expand(len(logarithms), -1)
    numbers = torch.where(numbers < lowest[:, None], numbers, numbers + count - rank)
    return numbers, logarithms.gather(1, numbers), rest.float()
