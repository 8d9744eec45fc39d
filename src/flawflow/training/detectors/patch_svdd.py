"""Patch SVDD: a projection in which near patches are alike and tell where their neighbours lie."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.recipe.aggregation import BY_PIXELS
from flawflow.recipe.related_options import PatchSvddOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import as_vectors, chosen_positions, product
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.nearest_neighbors import greedy_coreset, nearest_distance
from flawflow.training.feature_source import FeatureSource

# The eight directions in which a neighbour may lie, (row, column).
_DIRECTIONS = tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0))
# Vectors that a coreset is chosen of at most.
_MOST = 100_000


class PatchSvdd(Detector):
    """The product over two scales of each patch's distance to the nearest good one in a learned projection.

    Yi, Yoon: "Patch SVDD: Patch-level SVDD for Anomaly Detection and Segmentation" (ACCV 2020,
    https://arxiv.org/abs/2006.16067). Encoders of patches of 32 and 64 pixels learn from nothing by two
    losses: λ·‖f(p) - f(p')‖ of a patch and one beside it, and the cross-entropy of telling in which of eight
    directions a neighbour lies from the difference of both. A patch is as anomalous as it is far from all
    good ones.

    Differences: f is a projection of the frozen encoder's vectors of strides 8 and 16, by two layers and a
    tanh as in the paper: it takes minutes and not days. Neighbours are whole positions away. A coreset stands
    for all good patches.
    """

    name = "patch-svdd"
    aggregation = BY_PIXELS

    def __init__(self, options: PatchSvddOptions | None = None) -> None:
        super().__init__()
        self.options = options or PatchSvddOptions()
        self.scales = nn.ModuleList()

    def fit(self, source: FeatureSource) -> None:
        """Learn each scale's projection, then choose its memory."""
        for k in range(len(source.features.maps)):
            self.scales.append(_learned(source, k, self.options))

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure patches: one map at the finest grid."""
        maps = [
            scale(as_vectors(features)).reshape(-1, *features.shape[2:])
            for scale, features in zip(self.scales, pyramid, strict=True)
        ]
        return [product(maps)]


class _Scale(nn.Module):
    """Standardise, project, and measure the distance to a memory."""

    mean: Tensor
    deviation: Tensor
    memory: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, options: PatchSvddOptions) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("memory", torch.empty(0))
        self.projection = nn.Sequential(
            nn.Linear(len(mean), options.hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(options.hidden, options.projected),
        )
        self.classifier = nn.Sequential(
            nn.Linear(options.projected, options.hidden), nn.LeakyReLU(0.1), nn.Linear(options.hidden, 8)
        )

    def project(self, vectors: Tensor) -> Tensor:
        """From vectors (…, D) to f, (…, projected)."""
        projected: Tensor = torch.tanh(self.projection((vectors - self.mean) / self.deviation))
        return projected

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors (B, H·W, D); gives (B, H·W)."""
        return nearest_distance(self.project(vectors), self.memory)


def _learned(source: FeatureSource, k: int, options: PatchSvddOptions) -> _Scale:
    store = source.features
    maps, grid = store.maps[k][:], store.grids[k]
    deviation, mean = torch.std_mean(maps, dim=(0, 1))
    deviation = deviation.clamp_min(1e-3 * float(deviation.mean()) + 1e-6)
    scale = seeded(source.seed + k, lambda: _Scale(mean.clone(), deviation, options)).to(source.device)

    def loss(generator: torch.Generator) -> Tensor:
        return _loss(scale, maps.reshape(len(maps), *grid, -1), options, generator)

    descend(source, scale, options, loss, name=f"projection {k + 1}")
    del scale.classifier
    with torch.no_grad():
        plain = chosen_positions(maps[:: store.views], store.inside(k)).flatten(0, 1)
        generator = torch.Generator().manual_seed(source.seed)
        some = torch.randperm(len(plain), generator=generator)[:_MOST]
        projected = scale.project(plain[some.to(plain.device)].to(source.device))
        count = min(options.most, len(projected))
        chosen = greedy_coreset(projected, count, seed=source.seed, on_progress=source.on_progress)
        scale.memory = projected[chosen.to(projected.device)].contiguous()
    return scale


def _loss(scale: _Scale, maps: Tensor, options: PatchSvddOptions, generator: torch.Generator) -> Tensor:
    """Both losses on patches of maps (rows, H, W, D), drawn at random."""
    count, device = options.batch, generator.device
    side = min(maps.shape[1:3])
    away = max(1, min(options.distance, (side - 1) // 2))

    def drawn(size: int) -> Tensor:
        return torch.randint(size, (count,), generator=generator, device=device).to(maps.device)

    rows, direction, beside = drawn(len(maps)), drawn(8), drawn(8)
    directions = torch.tensor(_DIRECTIONS, device=maps.device)
    # Where all neighbours lie inside.
    y, x = (away + drawn(size - 2 * away) for size in maps.shape[1:3])

    def projected(offset: Tensor) -> Tensor:
        return scale.project(maps[rows, y + offset[:, 0], x + offset[:, 1]].to(device))

    patch = projected(torch.zeros_like(directions[direction]))
    near, far = projected(directions[beside]), projected(away * directions[direction])
    told = F.cross_entropy(scale.classifier(patch - far), direction.to(device))
    together: Tensor = told + options.near * torch.linalg.vector_norm(patch - near, dim=1).mean()
    return together
