"""SPADE: the nearest good pictures, then the nearest patches in them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from flawflow.recipe.aggregation import BY_PIXELS
from flawflow.recipe.baseline_options import SpadeOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import as_vectors, check_size, chosen_positions, fuse
from flawflow.training.feature_source import FeatureSource


class Spade(Detector):
    """The distance of each patch to the nearest one in the K good pictures most like this picture.

    Cohen, Hoshen: "Sub-Image Anomaly Detection with Deep Pyramid Correspondences"
    (https://arxiv.org/abs/2005.02357). Pictures are compared by the globally pooled coarsest map, K = 50;
    patches by all scales joined, each with its one nearest; σ = 4.

    Differences: the scales are joined at the second finest grid instead of the finest, since a model that
    keeps every feature at stride 4 would not fit a model file; the picture's score is the map's maximum,
    where the paper takes the mean distance to the K pictures, since one head scores all detectors.
    """

    name = "spade"
    aggregation = BY_PIXELS

    pooled: Tensor
    patches: Tensor

    def __init__(self, options: SpadeOptions | None = None) -> None:
        super().__init__()
        self.options = options or SpadeOptions()
        self.neighbours = 0

    def fit(self, source: FeatureSource) -> None:
        """Keep all pictures.

        Raises:
            TrainingError: The model would be larger than a model file can be.
        """
        store = source.features
        scale = _fused_scale(store.grids)
        height, width = store.grids[scale]
        inside = store.inside(scale)
        dimension = sum(maps.shape[2] for maps in store.maps)
        check_size((len(store.pictures), height * width, dimension), self.name)
        pyramids = [
            (_pooled(pyramid), chosen_positions(_patches(pyramid), inside))
            for pyramid in store.plain_pyramids(source.device)
        ]
        self.register_buffer("pooled", torch.cat([pooled for pooled, _ in pyramids]))
        self.register_buffer("patches", torch.cat([patches for _, patches in pyramids]))
        self.neighbours = min(self.options.neighbours, len(store.pictures))

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure each patch's distance to the gallery: one map at the second finest grid."""
        height, width = pyramid[_fused_scale(pyramid)].shape[-2:]
        queries = _patches(pyramid)
        difference = _pooled(pyramid)[:, None] - self.pooled
        closest = difference.square().sum(dim=2).topk(self.neighbours, dim=1, largest=False).indices
        # Picture by picture, so that the table of distances never holds more than one of them.
        distance = _nearest(queries, self.patches[closest[:, 0]])
        for k in range(1, self.neighbours):
            distance = torch.minimum(distance, _nearest(queries, self.patches[closest[:, k]]))
        return [distance.reshape(-1, height, width)]


def _fused_scale(scales: Sequence[object]) -> int:
    return min(1, len(scales) - 1)


def _pooled(pyramid: Sequence[Tensor]) -> Tensor:
    return pyramid[-1].mean(dim=(2, 3))


def _patches(pyramid: Sequence[Tensor]) -> Tensor:
    height, width = pyramid[_fused_scale(pyramid)].shape[-2:]
    return as_vectors(fuse(pyramid, (height, width), mode="bilinear"))


def _nearest(queries: Tensor, gallery: Tensor) -> Tensor:
    """Distance of each vector (B, N, D) to its nearest of (B, M, D) of the same row; gives (B, N)."""
    # ‖g‖² - 2·q·g finds the nearest; the difference tells its distance without loss of digits.
    table = gallery.square().sum(dim=2)[:, None] - 2 * (queries @ gallery.transpose(1, 2))
    nearest = table.argmin(dim=2)[:, :, None].expand(-1, -1, queries.shape[2])
    return (queries - gallery.gather(1, nearest)).square().sum(dim=2).sqrt()
