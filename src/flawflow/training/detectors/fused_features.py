"""The two coarsest scales of a pyramid, joined at one grid."""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.training.detectors.feature_fusion import as_vectors, fuse

# The coarsest ones. A finer scale, averaged at the grid of these, adds more work than it tells.
FUSED_SCALE_COUNT = 2


class FusedFeatures(nn.Module):
    """Join the two coarsest scales of a pyramid.

    Args:
        grid: (H, W) of the positions.
        depths: D_k of the scales that are joined, fine to coarse.
        chosen: The channels to take, of all side by side, int64, ascending; None for all.
        pooled: Average each scale over 3 × 3 neighbours at its own grid first; then these grids, fine to
            coarse. None to join scales as they are.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        depths: Sequence[int],
        chosen: Tensor | None = None,
        *,
        pooled: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.depths = list(depths)
        self.is_chosen = chosen is not None
        self.is_pooled = pooled is not None
        if chosen is not None:
            for k, depth in enumerate(depths):
                first = sum(depths[:k])
                own = chosen[(chosen >= first) & (chosen < first + depth)] - first
                self.register_buffer(f"chosen{k}", own)
                self.depths[k] = len(own)
        for k, (height, width) in enumerate(pooled or ()):
            self.register_buffer(f"rows{k}", pooling_matrix(height, grid[0]))
            self.register_buffer(f"columns{k}", pooling_matrix(width, grid[1]).T.contiguous())

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Join maps (B, D_k, H_k, W_k), fine to coarse; gives vectors (B, H·W, D)."""
        return as_vectors(fuse(self._scales(pyramid), self.grid, mode="bilinear"))

    def product(self, pyramid: Sequence[Tensor], matrix: Tensor) -> Tensor:
        """The joined vectors times a matrix (D, E); gives (B, H·W, E).

        Products and interpolation are both linear: a coarse scale is multiplied where it has few positions
        and interpolated then.
        """
        parts = torch.split(matrix, [depth for depth in self.depths if depth])
        products = [
            # Not a convolution of 1 × 1, which exports might round to 8 bits.
            (part.T @ scale.flatten(2)).reshape(-1, part.shape[1], *scale.shape[2:])
            for scale, part in zip(self._scales(pyramid), parts, strict=True)
        ]
        resized = (fuse([product], self.grid, mode="bilinear") for product in products)
        return as_vectors(functools.reduce(torch.add, resized))

    def _scales(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        scales = []
        for k, features in enumerate(pyramid[-FUSED_SCALE_COUNT:]):
            if not self.depths[k]:
                continue
            own = features.index_select(1, self.get_buffer(f"chosen{k}")) if self.is_chosen else features
            if self.is_pooled:
                # Products: engines take several times longer for averages that overlap.
                own = self.get_buffer(f"rows{k}") @ own @ self.get_buffer(f"columns{k}")
            scales.append(own)
        return scales


def pooling_matrix(own: int, wanted: int) -> Tensor:
    """Average over three neighbours along an axis, then bring it to another grid: (wanted, own).

    Rows add up to 1. A finer axis is averaged over the cells of the grid, a coarser one interpolated.
    """
    unit = torch.eye(own)[:, None]
    pooled = F.avg_pool1d(unit, 3, stride=1, padding=1, count_include_pad=False)
    if own > wanted:
        pooled = F.avg_pool1d(pooled, own // wanted)
    elif own < wanted:
        pooled = F.interpolate(pooled, size=wanted, mode="linear", align_corners=False)
    return pooled[:, 0].T.contiguous()
