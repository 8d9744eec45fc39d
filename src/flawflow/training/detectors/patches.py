"""From a pyramid to the vectors of patches: pooled or not, joined, standardised or not."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.recipe.baseline_options import PatchOptions, Pooling
from flawflow.training.detectors.feature_fusion import as_vectors, chosen_positions, fuse
from flawflow.training.detectors.position_standardizer import MIN_VARIANCE_SHARE
from flawflow.training.feature_source import FeatureSource

_MIN_VARIANCE = 1e-12


class Patches(nn.Module):
    """Make vectors of a pyramid, at the grid of its finest scale.

    Attributes:
        chosen: The channels that are taken, (D,) int64, ascending; None for all.
        mean: What is subtracted, (D,); None where channels are not standardised.
        deviation: What is divided by, (D,); None likewise.
    """

    chosen: Tensor | None
    mean: Tensor | None
    deviation: Tensor | None

    def __init__(self, options: PatchOptions, chosen: Tensor | None) -> None:
        super().__init__()
        self.pooling = options.pooling
        self.interpolation = options.interpolation
        self.register_buffer("chosen", chosen)
        self.register_buffer("mean", None)
        self.register_buffer("deviation", None)

    @classmethod
    def from_source(cls, source: FeatureSource, options: PatchOptions) -> "Patches":
        """Draw the channels and measure them on the good pictures, where they count."""
        depth = sum(maps.shape[2] for maps in source.features.maps)
        chosen = None
        if options.channels is not None and options.channels < depth:
            generator = torch.Generator().manual_seed(source.seed)
            chosen = torch.randperm(depth, generator=generator)[: options.channels].sort().values
        patches = cls(options, chosen).to(source.device)
        if options.standardised:
            patches.mean, patches.deviation = patches._measured(source)
        return patches

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Join maps (B, D_k, H_k, W_k), fine to coarse; gives vectors (B, H·W, D)."""
        height, width = pyramid[0].shape[2:]
        pooled = [_pooled(features, self.pooling) for features in pyramid]
        fused = fuse(pooled, (height, width), mode=self.interpolation)
        if self.chosen is not None:
            fused = fused.index_select(1, self.chosen)
        vectors = as_vectors(fused)
        if self.mean is None or self.deviation is None:
            return vectors
        return (vectors - self.mean) / self.deviation

    def _measured(self, source: FeatureSource) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each channel, in float64 until the end."""
        inside = source.features.inside(0)
        count, total, squares = 0, torch.tensor(0.0), torch.tensor(0.0)
        for pyramid in source.features.plain_pyramids(source.device):
            vectors = chosen_positions(self(pyramid), inside).flatten(0, 1).double()
            count += len(vectors)
            total = total + vectors.sum(dim=0)
            squares = squares + vectors.square().sum(dim=0)
        mean = total / count
        variance = (squares - count * mean.square()) / (count - 1)
        # A channel that never changes still needs a deviation, and where none does all need one.
        least = MIN_VARIANCE_SHARE * variance.mean() + _MIN_VARIANCE
        return mean.float(), variance.maximum(least).sqrt().float()


def _pooled(features: Tensor, pooling: Pooling) -> Tensor:
    if pooling == "none":
        return features
    return F.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=pooling == "padded")
