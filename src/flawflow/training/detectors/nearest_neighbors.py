"""Nearest neighbours and coresets: what the detectors with a memory share."""

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.progress import OnProgress, Progress

# Vectors of the memory that are compared at once: it bounds the table of distances.
_VECTORS_AT_ONCE = 2048
_STEPS_PER_REPORT = 100


def nearest_distance(queries: Tensor, memory: Tensor) -> Tensor:
    """The Euclidean distance of each vector to its nearest one in the memory.

    The nearest is found by ‖m‖² - 2·q·m, one product for all pairs; its distance is then computed from the
    difference, because the short form loses all digits where a vector lies close to its neighbour.

    Args:
        queries: (B, N, D) float32.
        memory: (M, D) float32.

    Returns:
        (B, N) float32, 0 or more.
    """
    least, nearest = _nearest_in(queries, memory[:_VECTORS_AT_ONCE])
    for start in range(_VECTORS_AT_ONCE, len(memory), _VECTORS_AT_ONCE):
        value, index = _nearest_in(queries, memory[start : start + _VECTORS_AT_ONCE])
        nearest = torch.where(value < least, index + start, nearest)
        least = torch.minimum(value, least)
    return (queries - memory[nearest]).square().sum(dim=-1).sqrt()


def _nearest_in(queries: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
    value, index = F.linear(queries, -2 * part, part.square().sum(dim=1)).min(dim=-1)
    return value, index


def greedy_coreset(vectors: Tensor, count: int, *, seed: int, on_progress: OnProgress) -> Tensor:
    """Choose vectors that leave none far from its nearest chosen one: the greedy k-centre choice.

    The first is drawn; each next one is the vector farthest from all chosen so far, which keeps the largest
    distance within twice the best possible (Gonzalez, 1985). It is the sampling of PatchCore.

    Args:
        vectors: (N, D) float32.
        count: How many, at most N.
        seed: Of the first choice.
        on_progress: Receives the progress.

    Returns:
        Indices of the chosen vectors, (count,) int64, in the order of choice.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(len(vectors), (1,), generator=generator))]
    squares = vectors.square().sum(dim=1)
    distance = torch.full_like(squares, torch.inf)
    for done in range(1, count + 1):
        centre = vectors[chosen[-1]]
        distance = torch.minimum(distance, squares - 2 * (vectors @ centre) + squares[chosen[-1]])
        # Rounding may leave a chosen vector a little away from itself.
        distance[chosen[-1]] = -torch.inf
        if done % _STEPS_PER_REPORT == 0 or done == count:
            on_progress(Progress("Coreset", done, count))
        if done < count:
            chosen.append(int(distance.argmax()))
    return torch.tensor(chosen)


def random_projection(vectors: Tensor, channels: int, *, seed: int) -> Tensor:
    """Project vectors (N, D) to fewer channels, keeping distances nearly (Johnson and Lindenstrauss).

    Vectors that have no more channels than asked for stay as they are.
    """
    if vectors.shape[1] <= channels:
        return vectors
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(vectors.shape[1], channels, generator=generator) / channels**0.5
    return torch.mm(vectors, matrix.to(vectors.device))
