"""What the distances of good pictures are at each position: what the head measures others against."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.head import gaussian_matrix

# The statistics of a position are taken over its neighbourhood: σ as a share of the map's shorter side.
_NEIGHBOURHOOD_SHARE = 1 / 32
# The least deviation of a position, as a share of the whole map's.
_MIN_DEVIATION_SHARE = 0.5
# The least of a scale's noise that may be left of it on average, as a share.
_MIN_NOISE_SHARE = 0.05
# The structure up to which a part is a texture, and from which it is an object. In docs/accuracy.md textures
# have 0.03 at most and objects 0.2 at least.
_TEXTURE, _OBJECT = 0.04, 0.16
# The side of what noise is averaged over, as a share of the map's shorter side: about that of a defect.
_DEFECT_SIDE_SHARE = 1 / 8
# What the encoder's padding reaches, as a share of the map's shorter side.
_BORDER_SHARE = 1 / 16


def scale_moments(distances: Sequence[Tensor], *, by_position: bool) -> list[tuple[Tensor, Tensor]]:
    """Mean and deviation of the distances on good pictures, for each scale.

    On a texture all places are alike: where distances differ from place to place it is the border's or the
    flow's doing, and each position is measured by its own mean and deviation. On an object places differ
    because the part does, and that is no reason to excuse a place: defects, too, are where edges and
    reflections are. There all positions have one mean and one deviation. `structure` says which it is;
    between the two both are partly a position's own.

    A defect covers more than a position, and so the noise that counts is what is left of it when distances
    are averaged over a defect's size: noise that differs from position to position averages out, and a scale
    that has only such noise may speak louder.

    Args:
        distances: For each scale (rows, H_k, W_k) float32, of good pictures, fine to coarse.
        by_position: Whether a position counts for itself at all.

    Returns:
        For each scale mean and deviation, each (H_k, W_k), the deviation positive. Zeros and ones where
        `by_position` is not set: then the maps count as they are.
    """
    if not by_position:
        return [(torch.zeros(scale.shape[1:]), torch.ones(scale.shape[1:])) for scale in distances]
    own = min(1.0, max(0.0, (_OBJECT - structure(distances[0])) / (_OBJECT - _TEXTURE)))
    return [_moments(scale.cpu().float(), own) for scale in distances]


def _moments(distances: Tensor, own: float) -> tuple[Tensor, Tensor]:
    mean, deviation = position_moments(distances)
    mean = torch.lerp(mean.mean().expand_as(mean), mean, own)
    deviation = torch.lerp(distances.std().clamp_min(1e-6).expand_as(deviation), deviation, own)
    height, width = mean.shape
    side = max(1, round(_DEFECT_SIDE_SHARE * min(height, width)))
    normalised = ((distances - mean) / deviation)[:, None]
    noise = F.avg_pool2d(normalised, side, stride=max(1, side // 2)).std()
    return mean, deviation * noise.clamp_min(_MIN_NOISE_SHARE)


def position_moments(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each position's distance on good pictures, taken over its neighbourhood.

    Args:
        distances: (rows, H_k, W_k) float32, of good pictures.

    Returns:
        Mean and deviation, each (H_k, W_k), the deviation positive.
    """
    height, width = distances.shape[1:]
    rows, columns = (
        gaussian_matrix(side, _NEIGHBOURHOOD_SHARE * min(height, width)) for side in (height, width)
    )
    distances = distances.double().cpu()
    mean = rows @ distances.mean(dim=0) @ columns.T
    variance = rows @ (distances - mean).square().mean(dim=0) @ columns.T
    least = (_MIN_DEVIATION_SHARE**2 * distances.var()).clamp_min(1e-12)
    return mean.float(), (variance + least).sqrt().float()


def structure(distances: Tensor) -> float:
    """How much of what distances vary by is explained by the position, apart from the picture's border.

    It is the intraclass correlation of positions: the variance of their true means, what chance adds to it
    taken off, as a share of the whole variance.

    Args:
        distances: (rows, H, W) float32, of good pictures.

    Returns:
        A value in [0, 1]; 0 for a single picture.
    """
    rows, height, width = distances.shape
    border = round(_BORDER_SHARE * min(height, width))
    inner = distances[:, border : height - border, border : width - border].double().cpu()
    if rows < 2 or inner[0].numel() < 2:
        return 0.0
    within = inner.var(dim=0).mean()
    between = (inner.mean(dim=0).var() - within / rows).clamp_min(0)
    return float(between / (between + within).clamp_min(1e-12))
