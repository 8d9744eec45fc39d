"""One Gaussian of whole pictures."""

from collections.abc import Sequence

import torch
from torch import Tensor

from flawflow.recipe.aggregation import BY_IMAGE
from flawflow.recipe.baseline_options import NoOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.position_standardizer import row_chunks
from flawflow.training.feature_source import FeatureSource

# Channels that never change still need a variance: a share of the others', and a little where none changes.
_MIN_EIGENVALUE_SHARE = 1e-9
_MIN_VARIANCE = 1e-12


class Mahalanobis(Detector):
    """The Mahalanobis distance of the globally pooled features, added over the scales.

    Rippel, Mertens, Merhof: "Modeling the Distribution of Normal Data in Pre-Trained Deep Features for
    Anomaly Detection" (ICPR 2020, https://arxiv.org/abs/2005.14140). The covariance is shrunk as Ledoit and
    Wolf found optimal. It judges pictures and not places: its anomaly map is constant.
    """

    name = "mahalanobis"
    aggregation = BY_IMAGE

    def __init__(self, options: NoOptions | None = None) -> None:
        super().__init__()
        self.options = options or NoOptions()
        self.count = 0

    def fit(self, source: FeatureSource) -> None:
        """Take mean and covariance of each scale."""
        store = source.features
        for k in range(len(store.maps)):
            pooled = torch.cat([chunk.mean(dim=1) for chunk in row_chunks(store.plain(k))])
            covariance = ledoit_wolf(pooled)
            inverse = torch.cholesky_inverse(torch.linalg.cholesky(covariance))
            # A·Aᵀ = Σ⁻¹: the length of (z - μ)ᵀ·A is the distance.
            whitening = torch.linalg.cholesky(inverse)
            self.register_buffer(f"mean{k}", pooled.mean(dim=0).to(source.device))
            self.register_buffer(f"whitening{k}", whitening.float().to(source.device))
        self.count = len(store.maps)

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure pictures: for each scale a map of one position, (B, 1, 1)."""
        return [self._distance(k, features)[:, None, None] for k, features in enumerate(pyramid)]

    def _distance(self, k: int, features: Tensor) -> Tensor:
        centred = features.mean(dim=(2, 3)) - self.get_buffer(f"mean{k}")
        return (centred @ self.get_buffer(f"whitening{k}")).square().sum(dim=1).sqrt()


def ledoit_wolf(vectors: Tensor) -> Tensor:
    """The covariance with the shrinkage that Ledoit and Wolf (2004) found optimal.

    Args:
        vectors: (N, D) float32, N of 2 or more.

    Returns:
        (1 - s)·Σ + s·(tr Σ / D)·I, (D, D) float64, positive definite; Σ is divided by N.
    """
    centred = vectors.double() - vectors.double().mean(dim=0)
    count, dimension = centred.shape
    covariance = centred.T @ centred / count
    variance = covariance.diagonal().mean()
    scatter = covariance.square().sum()
    # How far Σ is from a multiple of I, and how much of that is the noise of few vectors.
    distance = scatter - dimension * variance.square()
    noise = (centred.square().sum(dim=1).square().sum() / count - scatter) / count
    share = 1.0 if distance <= 0 else float((noise / distance).clamp(0, 1))
    shrunk = (1 - share) * covariance
    shrunk.diagonal().add_((share + _MIN_EIGENVALUE_SHARE) * variance + _MIN_VARIANCE)
    return shrunk
