"""Principal components and k-means: what the detectors of a linear or a finite picture of the good share."""

import torch
from torch import Tensor

from flawflow.training.detectors.nearest_neighbors import nearest_distance

_CHUNK = 2**16
_ROUNDS = 300


def principal_components(vectors: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """The fewest principal components that keep a share of the variance.

    Args:
        vectors: (N, D) float32.
        share: In (0, 1].

    Returns:
        The mean, (D,), and the components as columns, (D, d), largest first; float32, found in float64.
    """
    mean = vectors.mean(dim=0, dtype=torch.float64)
    covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=vectors.device)
    for chunk in torch.split(vectors, _CHUNK):
        centred = chunk - mean
        covariance += centred.T @ centred
    values, components = torch.linalg.eigh(covariance)
    kept = values.clamp_min(0).flip(0).cumsum(dim=0) / values.clamp_min(0).sum()
    # The whole is reached but for rounding.
    count = min(len(values), 1 + int((kept < share * (1 - 1e-12)).sum()))
    return mean.float(), components.flip(1)[:, :count].float().contiguous()


def k_means(vectors: Tensor, count: int, *, restarts: int, seed: int) -> Tensor:
    """Centres of clusters: k-means++ (Arthur and Vassilvitskii, 2007), then Lloyd's rounds; the best counts.

    Args:
        vectors: (N, D) float32.
        count: How many centres; no more than there are vectors.
        restarts: How often to begin.
        seed: Of the beginnings.

    Returns:
        (count, D) float32.
    """
    generator = torch.Generator().manual_seed(seed)
    ends = [
        lloyd(vectors, _spread_out(vectors, min(count, len(vectors)), generator)) for _ in range(restarts)
    ]
    return min(ends, key=lambda centres: float(nearest_distance(vectors[None], centres).square().sum()))


def lloyd(vectors: Tensor, centres: Tensor) -> Tensor:
    """Move each centre to the mean of the vectors that are nearest to it, until none moves any more."""
    for _ in range(_ROUNDS):
        nearest = torch.addmm(centres.square().sum(dim=1), vectors, centres.T, alpha=-2).argmin(dim=1)
        sums = torch.zeros_like(centres, dtype=torch.float64).index_add_(0, nearest, vectors.double())
        counts = torch.bincount(nearest, minlength=len(centres))[:, None]
        # A centre that nobody is nearest to stays.
        moved = torch.where(counts > 0, (sums / counts.clamp_min(1)).float(), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres


def _spread_out(vectors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """The beginning of k-means++: each centre is drawn by its squared distance to those that there are."""
    first = int(torch.randint(len(vectors), (1,), generator=generator))
    chosen = [first]
    squares = (vectors - vectors[first]).square().sum(dim=1).cpu()
    while len(chosen) < count:
        # The sum of squares may be zero, where vectors are fewer than they seem.
        chosen.append(int(torch.multinomial(squares.double() + 1e-30, 1, generator=generator)))
        squares = torch.minimum(squares, (vectors - vectors[chosen[-1]]).square().sum(dim=1).cpu())
    return vectors[chosen]
