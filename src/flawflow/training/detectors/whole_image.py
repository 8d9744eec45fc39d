"""Evidence that a picture as a whole is unlike the good ones, though no place in it may be."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from flawflow.training.detectors.fused_features import FUSED_SCALE_COUNT
from flawflow.training.detectors.fused_scale import draw_channels
from flawflow.training.detectors.rounding import to_half
from flawflow.training.feature_store import FeatureStore

# Of each statistic's variance, added to the covariance's diagonal.
_REGULARISATION = 0.1
# The least deviation of a statistic, as a share of the statistics' mean size: good pictures may be equal.
_MIN_DEVIATION_SHARE = 1e-3
# The least deviation of good pictures' distances, which are about 1.
_MIN_SPREAD = 0.02
# Deviations of good pictures up to which a picture is like them.
_LIKE_GOOD_UP_TO = 2.0
# Pictures to learn from, at least: of fewer nobody can say how far good ones are apart.
_MIN_PICTURES = 4


class PictureStatistics(nn.Module):
    """Mean and deviation of each channel over a picture, of the two coarsest scales.

    Args:
        places: For each of these scales how much each position counts, (H_k·W_k,), adding up to 1.
        chosen: The channels to take, of all side by side, int64; None for all.
    """

    def __init__(self, places: Sequence[Tensor], chosen: Tensor | None) -> None:
        super().__init__()
        self.is_chosen = chosen is not None
        for k, shares in enumerate(places):
            self.register_buffer(f"places{k}", shares)
        if chosen is not None:
            self.register_buffer("chosen", chosen)

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """From maps (B, D_k, H_k, W_k) to (B, 2·D): the means, then the deviations."""
        means, deviations = [], []
        for k, features in enumerate(pyramid[-FUSED_SCALE_COUNT:]):
            vectors, places = features.flatten(2), self.get_buffer(f"places{k}")
            # Not a product with a vector, for which engines take several times as long.
            mean = (vectors * places).sum(dim=2)
            means.append(mean)
            deviations.append(((vectors - mean[..., None]).square() * places).sum(dim=2).sqrt())
        parts = (torch.cat(part, dim=1) for part in (means, deviations))
        if self.is_chosen:
            parts = (part.index_select(1, self.get_buffer("chosen")) for part in parts)
        return torch.cat(list(parts), dim=1)


class WholeImage(nn.Module):
    """Measure pictures by a Gaussian of their statistics: what is missing, twice or swapped shows there.

    With statistics x, their mean μ and deviation σ on good pictures, and their regularised correlation R,
    M² = zᵀ·R⁻¹·z / D, z = (x - μ)/σ. How far good pictures are from others is told by leaving each out in
    turn. The evidence is log(1 + relu((M - mean)/deviation - 2)): it is 0 for a picture like the good ones,
    so that it can be added to a score that knows places without adding noise, and a picture in another light
    cannot outvote all places.
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self, statistics: PictureStatistics, gaussian: "PictureGaussian") -> None:
        super().__init__()
        self.statistics = statistics
        self.register_buffer("mean", gaussian.mean.float())
        self.register_buffer("whitening", gaussian.whitening.float())
        self.typical, self.deviation = gaussian.typical, gaussian.deviation

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Measure maps (B, D_k, H_k, W_k); gives (B,), 0 for pictures like the good ones."""
        whitened = (self.statistics(pyramid) - self.mean) @ self.whitening
        distance = whitened.square().sum(dim=1).sqrt()
        beyond = (distance - self.typical) / self.deviation - _LIKE_GOOD_UP_TO
        return torch.log1p(beyond.clamp_min(0))


class PictureGaussian(NamedTuple):
    """What is known of good pictures' statistics.

    Attributes:
        mean: (D,).
        whitening: (D, D): of x - mean it makes vectors whose length is M.
        typical: Mean of M over good pictures, each measured by the others.
        deviation: Deviation of the same.
    """

    mean: Tensor
    whitening: Tensor
    typical: float
    deviation: float


def fit_whole_image(
    store: FeatureStore, device: torch.device, *, most_channels: int, seed: int, rounded: bool = False
) -> WholeImage | None:
    """Learn from the plain training pictures; None of fewer than four.

    Args:
        store: Their features.
        device: Where to measure them.
        most_channels: Most channels that count; of more, so many are drawn.
        seed: Of the draw.
        rounded: Round what whitens to what float16 holds.
    """
    if len(store.plain(0)) < _MIN_PICTURES:
        return None
    scales = range(len(store.maps))[-FUSED_SCALE_COUNT:]
    chosen = draw_channels(sum(store.maps[k].shape[2] for k in scales), most_channels, seed=seed)
    statistics = PictureStatistics([_places(store, k) for k in scales], chosen).to(device)
    with torch.inference_mode():
        known = torch.cat([statistics(pyramid).cpu() for pyramid in store.plain_pyramids(device)])
        gaussian = picture_gaussian(known)
        if rounded:
            gaussian = gaussian._replace(whitening=to_half(gaussian.whitening.float()))
        return WholeImage(statistics, gaussian).to(device)


def picture_gaussian(known: Tensor) -> PictureGaussian:
    """Learn from statistics of good pictures, (N, D) float32, N at least 2.

    The distance of each picture from the others follows in closed form: without it their correlation is
    N/(N-1)·R - N/(N-1)²·z·zᵀ (Sherman-Morrison), and it is N/(N-1)·z from their mean.
    """
    count, dimension = known.shape
    x = known.double()
    mean = x.mean(dim=0)
    deviation = x.std(dim=0)
    deviation = deviation.clamp_min(_MIN_DEVIATION_SHARE * float(x.abs().mean()) or 1.0)
    z = (x - mean) / deviation
    values, vectors = torch.linalg.eigh(z.T @ z / count)
    values, more = values.clamp_min(0), count / (count - 1)
    energy = ((z @ vectors).square() / (values * more + _REGULARISATION)).sum(dim=1)
    left_out = more * (energy / (1 - energy * more / (count - 1)) / dimension).sqrt()
    typical = float(left_out.mean())
    whitening = vectors / (values + _REGULARISATION).sqrt() / deviation[:, None] / dimension**0.5
    return PictureGaussian(mean, whitening, typical, max(float(left_out.std()), _MIN_SPREAD))


def _places(store: FeatureStore, k: int) -> Tensor:
    height, width = store.grids[k]
    inside = store.inside(k)
    if inside is None:
        return torch.full((height * width,), 1 / (height * width))
    return torch.zeros(height * width).index_fill(0, inside.cpu(), 1 / len(inside))
