"""PaDiM: one Gaussian for each position."""

from collections.abc import Sequence

import torch
from torch import Tensor

from flawflow.progress import Progress
from flawflow.recipe.aggregation import BY_PIXELS
from flawflow.recipe.baseline_options import PadimOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import check_size
from flawflow.training.detectors.patches import Patches
from flawflow.training.feature_source import FeatureSource

_POSITIONS_AT_ONCE = 256


class Padim(Detector):
    """A Gaussian (μ, Σ) per position and its Mahalanobis distance (eq. 3).

    Defard, Setkov, Loesch, Audigier: "PaDiM" (ICPR 2020, https://arxiv.org/abs/2011.08785). All scales are
    joined at the finest grid, coarser ones repeated; a random choice of 100 channels, as the paper makes
    for ResNet-18; smoothing with σ = 4, and the picture's score is the maximum of its map.

    The detector "padim-pooled" is this one in its strongest form on a small encoder (`POOLED`), on features
    of strides 8 and 16 alone: each averaged over 3 × 3 neighbours, coarse ones interpolated instead of
    repeated, all channels, standardised.
    """

    name = "padim"
    aggregation = BY_PIXELS

    patches: Patches
    mean: Tensor
    whitening: Tensor

    def __init__(self, options: PadimOptions | None = None) -> None:
        super().__init__()
        self.options = options or PadimOptions()

    def fit(self, source: FeatureSource) -> None:
        """Take mean and covariance of each position.

        Raises:
            TrainingError: The model would be larger than a model file can be.
        """
        store = source.features
        dimension = sum(maps.shape[2] for maps in store.maps)
        kept = min(self.options.channels or dimension, dimension)
        positions = store.grids[0][0] * store.grids[0][1]
        check_size((positions, kept, kept), self.name)
        self.patches = Patches.from_source(source, self.options)
        vectors = torch.cat([self.patches(pyramid).cpu() for pyramid in store.plain_pyramids(source.device)])
        means, factors = [], []
        for start in range(0, positions, _POSITIONS_AT_ONCE):
            mean, factor = gaussians(
                vectors[:, start : start + _POSITIONS_AT_ONCE], self.options.regularisation
            )
            means.append(mean)
            factors.append(factor)
            source.on_progress(Progress("Gaussians", min(start + _POSITIONS_AT_ONCE, positions), positions))
        self.register_buffer("mean", torch.cat(means).to(source.device))
        self.register_buffer("whitening", torch.cat(factors).to(source.device))

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure the Mahalanobis distance of each position: one map at the finest grid."""
        height, width = pyramid[0].shape[2:]
        centred = (self.patches(pyramid) - self.mean).transpose(0, 1)
        # (H·W, B, D) × (H·W, D, D): L⁻¹·(z - μ), whose length is the distance.
        whitened = torch.bmm(centred, self.whitening)
        distance = whitened.square().sum(dim=2).sqrt()
        return [distance.transpose(0, 1).reshape(-1, height, width)]


def gaussians(vectors: Tensor, regularisation: float) -> tuple[Tensor, Tensor]:
    """The Gaussian of each position.

    Args:
        vectors: (N, P, D) float32, N of 2 or more.
        regularisation: ε: Σ = Σ_n (z - μ)·(z - μ)ᵀ / (N - 1) + ε·I.

    Returns:
        μ, (P, D), and L⁻ᵀ, (P, D, D) with Σ = L·Lᵀ, so that ‖(z - μ)ᵀ·L⁻ᵀ‖ is the Mahalanobis distance;
        both float32, computed in float64.
    """
    mean = vectors.double().mean(dim=0)
    centred = (vectors - mean).transpose(0, 1)
    covariance = centred.transpose(1, 2) @ centred / (len(vectors) - 1)
    covariance.diagonal(dim1=1, dim2=2).add_(regularisation)
    factor = torch.linalg.cholesky(covariance)
    eye = torch.eye(factor.shape[1], dtype=factor.dtype, device=factor.device)
    inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
    return mean.float(), inverse.transpose(1, 2).float().contiguous()
