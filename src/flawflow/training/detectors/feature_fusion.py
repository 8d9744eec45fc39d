"""What the detectors that keep statistics or memories share: pyramids of the store, and joined features."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.errors import TrainingError

# A serialised ONNX graph ends at 2 GiB; the encoder needs its share of that.
_MAX_FUSED_BYTES = 1_600_000_000


def fuse(pyramid: Sequence[Tensor], grid: tuple[int, int], *, mode: str = "nearest") -> Tensor:
    """Bring all maps to one grid and put their channels side by side.

    A finer map is averaged over the cells of the grid, a coarser one is interpolated.

    Args:
        pyramid: K maps (B, D_k, H_k, W_k).
        grid: (H, W), which the sides of finer maps are multiples of.
        mode: How a coarser map is interpolated: "nearest" or "bilinear".

    Returns:
        (B, Σ D_k, H, W).
    """
    return torch.cat([_resized(features, grid, mode) for features in pyramid], dim=1)


def as_vectors(features: Tensor) -> Tensor:
    """(B, D, H, W) to (B, H·W, D)."""
    return features.flatten(2).transpose(1, 2)


def product(maps: Sequence[Tensor]) -> Tensor:
    """Multiply maps (B, H_k, W_k), fine to coarse, at the finest grid; coarser ones are interpolated."""
    total = maps[0]
    grid = (int(total.shape[1]), int(total.shape[2]))
    for coarse in maps[1:]:
        total = total * _resized(coarse[:, None], grid, "bilinear")[:, 0]
    return total


def chosen_positions(vectors: Tensor, inside: Tensor | None) -> Tensor:
    """Of vectors (B, H·W, D) those at the positions `inside`, (P,) int64; all of them where it is None."""
    return vectors if inside is None else vectors[:, inside]


def check_size(shape: Sequence[int], detector: str) -> None:
    """Refuse a memory that no model file can hold.

    Args:
        shape: Of the float32 tensor that the model would carry.
        detector: Its name, for the sentence.

    Raises:
        TrainingError: It is too large.
    """
    need = 4 * math.prod(shape)
    if need > _MAX_FUSED_BYTES:
        raise TrainingError(
            f"A {detector} model of these pictures would take {need / 1e9:.1f} GB, more than a model file "
            "can hold; choose a smaller size, a smaller encoder, fewer pictures or another detector."
        )


def _resized(features: Tensor, grid: tuple[int, int], mode: str) -> Tensor:
    height, width = int(features.shape[2]), int(features.shape[3])
    if (height, width) == tuple(grid):
        return features
    if height > grid[0]:
        window = (height // grid[0], width // grid[1])
        return F.avg_pool2d(features, window, stride=window)
    if mode == "nearest":
        return F.interpolate(features, size=grid, mode="nearest")
    return F.interpolate(features, size=grid, mode="bilinear", align_corners=False)
