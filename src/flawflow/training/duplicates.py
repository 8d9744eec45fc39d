"""Which of the training pictures are copies, and what their files look like."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.row_view import Rows

# Two pictures nearer than this share of what is usual between nearest neighbours are one. In the pictures of
# MVTec AD, KolektorSDD and PIPED copies are below 0.002 and different pictures above 0.4.
_DUPLICATE_DISTANCE_SHARE = 0.1
_POOLED_SIDE = 4


@dataclass(frozen=True)
class Fingerprint:
    """One picture in short.

    Attributes:
        size: (H, W) of the file's picture.
        digest: Of the pixels that the encoder sees; equal for equal pictures in different files.
    """

    size: tuple[int, int]
    digest: bytes

    @classmethod
    def at(cls, picture: NDArray[np.uint8], resized: NDArray[np.uint8]) -> "Fingerprint":
        """Look at a picture as it was read, (H, W, 3), and as the encoder sees it."""
        return cls((picture.shape[0], picture.shape[1]), hashlib.sha256(resized.tobytes()).digest())


@torch.inference_mode()
def find_duplicates(fingerprints: Sequence[Fingerprint], features: Rows, grid: tuple[int, int]) -> list[int]:
    """Find the pictures that are there more than once: the same pixels, or nearly the same features.

    A file that was saved again differs a little in every pixel. How much depends on the part, so distances
    are taken relative to the median distance of a picture to its nearest neighbour.

    Args:
        fingerprints: Of each picture.
        features: (N, H·W, D) float32 of each picture, of a coarse scale.
        grid: (H, W) of that scale.

    Returns:
        For each picture the number of the first one that it is a copy of, or its own.
    """
    first = list(range(len(fingerprints)))
    distances = _distances(features, grid)
    nearest = distances.min(dim=1).values
    same = (distances < _DUPLICATE_DISTANCE_SHARE * nearest.median()).numpy()
    seen: dict[bytes, int] = {}
    for number, fingerprint in enumerate(fingerprints):
        twins = np.flatnonzero(same[number, :number])
        earlier = seen.setdefault(fingerprint.digest, number)
        if earlier < number:
            first[number] = first[earlier]
        elif len(twins):
            first[number] = first[int(twins[0])]
    return first


def _distances(features: Rows, grid: tuple[int, int]) -> Tensor:
    """Distances between the pictures' averaged features, (N, N), infinite from a picture to itself."""
    count, _, depth = features.shape
    pooled = [
        F.adaptive_avg_pool2d(part.transpose(1, 2).reshape(-1, depth, *grid), _POOLED_SIDE).flatten(1).cpu()
        for part in (features[start : start + 64] for start in range(0, count, 64))
    ]
    vectors = torch.cat(pooled)
    # Not by a product of matrices: it loses the small distances, which matter here, to rounding.
    distances = torch.cdist(vectors, vectors, compute_mode="donot_use_mm_for_euclid_dist")
    distances[range(count), range(count)] = torch.inf
    return distances
