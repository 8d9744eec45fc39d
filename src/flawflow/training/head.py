"""From the scales' maps to one anomaly map and one score: the same for every detector.

m_k = B_k · ((d_k - μ_k)/σ_k) · B_kᵀ with constants that are stored at training time; B_k brings scale k to
the grid where the scales are added. The map is R · (Σ_k w_k·m_k) · Rᵀ, sharpened by fine scales on the grid
where the detector says so (`flawflow.training.detectors.detector.Weights`); R leads from the grid to pixels.
Both B_k and R interpolate bilinearly, which is linear and separable, and so is the smoothing that one of them
includes. The score is read off such a sum with weights of its own.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.training.detectors.detector import Aggregation, Weights
from flawflow.training.roi import nearest_inside, roi_cells

# From about this many deviations of good pictures on a map is sharpened.
_SHARPENED_FROM = 3.0
_STEEPNESS = 2.0


class Head(nn.Module):
    """Normalise and add the maps of all scales, score the picture, and enlarge to pixels.

    Args:
        moments: For each scale mean and deviation of the distance on good pictures, each (H_k, W_k)
            (`flawflow.training.moments`).
        size: (H, W) of the anomaly map.
        aggregation: How.
        roi_mask: (H, W) bool, which pixels count; None for all. The others get the lowest value of those
            that count, and the nearest of these stand in for them where the map is enlarged and smoothed.
        weights: How much each scale counts; None for all alike.
    """

    columns: Tensor
    roi_mask: Tensor | None

    def __init__(
        self,
        moments: Sequence[tuple[Tensor, Tensor]],
        size: tuple[int, int],
        aggregation: Aggregation,
        roi_mask: Tensor | None = None,
        weights: Weights | None = None,
    ) -> None:
        super().__init__()
        self.count = len(moments)
        self.on_grid = aggregation.on_grid
        finest = moments[0][0].shape
        grid = (finest[0], finest[1]) if self.on_grid else size
        self.register_buffer("roi_mask", roi_mask)
        counting = torch.arange(grid[0] * grid[1])
        if roi_mask is not None:
            counting = torch.nonzero(roi_cells(roi_mask, grid).flatten())[:, 0]
            self.register_buffer("counting", counting)
        self.tail = max(1, round(aggregation.tail * len(counting)))
        sigma = 0.0 if self.on_grid else aggregation.smoothing
        weights = weights or Weights.alike(self.count)
        across = []
        for k, (mean, deviation) in enumerate(moments):
            rows, columns = (
                resampling_matrix(
                    mean.shape[axis], grid[axis], sigma=sigma, align_corners=aggregation.align_corners
                )
                for axis in (0, 1)
            )
            self.register_buffer(f"mean{k}", mean)
            self.register_buffer(f"gain{k}", 1 / deviation)
            self.register_buffer(f"rows{k}", rows)
            if roi_mask is not None:
                self.register_buffer(f"nearest{k}", nearest_inside(roi_cells(roi_mask, grid_of(mean))))
            across.append(columns)
        self.register_buffer("columns", _side_by_side(weights.in_score, across))
        self.has_own_score = weights.in_score != weights.in_map
        if self.has_own_score:
            self.register_buffer("map_columns", _side_by_side(weights.in_map, across))
        self.strength = weights.strength if any(weights.sharpening) else 0.0
        if self.strength:
            self.register_buffer("sharp_columns", _side_by_side(weights.sharpening, across))
        if self.on_grid:
            tall, wide = (
                resampling_matrix(
                    grid[axis],
                    size[axis],
                    sigma=aggregation.smoothing,
                    align_corners=aggregation.align_corners,
                )
                for axis in (0, 1)
            )
            self.register_buffer("tall", tall)
            self.register_buffer("wide", wide.T.contiguous())

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Make anomaly map and image score.

        Args:
            maps: K maps (B, H_k, W_k) float32, fine to coarse; higher is more anomalous.

        Returns:
            anomaly_map: (B, H, W) float32.
            pred_score: (B,) float32.
        """
        # Side by side, so that one product widens and adds them all.
        beside = torch.cat([self._heightened(k, maps[k]) for k in range(self.count)], dim=2)
        total = beside @ self.columns
        score = self._score(total.flatten(1))
        if self.has_own_score:
            total = beside @ self.get_buffer("map_columns")
        if self.strength:
            fine = beside @ self.get_buffer("sharp_columns")
            total = sharpened(total, fine, self.strength)
        if self.on_grid:
            total = self.get_buffer("tall") @ (total @ self.get_buffer("wide"))
        if self.roi_mask is not None:
            lowest = torch.where(self.roi_mask, total, torch.inf).amin(dim=(1, 2), keepdim=True)
            total = torch.where(self.roi_mask, total, lowest)
        return total, score

    def _heightened(self, k: int, distance: Tensor) -> Tensor:
        mean, gain, rows = (self.get_buffer(f"{name}{k}") for name in ("mean", "gain", "rows"))
        normalised = (distance - mean) * gain
        if self.roi_mask is not None:
            normalised = from_nearest(normalised, self.get_buffer(f"nearest{k}"))
        return rows @ normalised

    def _score(self, values: Tensor) -> Tensor:
        if self.roi_mask is not None:
            values = values.index_select(1, self.get_buffer("counting"))
        if self.tail > 1:
            return values.topk(self.tail, dim=1, sorted=False).values.mean(dim=1)
        return values.amax(dim=1)


def sharpened(total: Tensor, fine: Tensor, strength: float) -> Tensor:
    """A map m that fine scales f of the same picture sharpen where it is high already.

    softplus(m)·(1 + strength·relu(f - mean(f))·sigmoid(2·(m - 3))). What is below 3 deviations of good
    pictures stays as it is, so that the noise of fine scales raises no good place. Above, a place counts the
    more, the farther it is above the picture's mean in the fine scales: a picture that as a whole is unlike
    good ones there says nothing about where.

    Args:
        total: (B, H, W) float32, in deviations of good pictures.
        fine: The same.
        strength: How much the fine scales count.

    Returns:
        (B, H, W) float32, not negative.
    """
    above = F.relu(fine - fine.mean(dim=(1, 2), keepdim=True))
    gate = torch.sigmoid(_STEEPNESS * (total - _SHARPENED_FROM))
    return F.softplus(total) * (1 + strength * above * gate)


def _side_by_side(weights: Sequence[float], parts: Sequence[Tensor]) -> Tensor:
    """What adds maps that stand side by side, as columns."""
    added = torch.cat([weight * part for weight, part in zip(weights, parts, strict=True)], dim=1)
    return added.T.contiguous()


def from_nearest(maps: Tensor, nearest: Tensor) -> Tensor:
    """Maps (B, H_k, W_k) in which each position has the value of another one, given by `nearest_inside`."""
    return maps.flatten(1).index_select(1, nearest).reshape(maps.shape)


def grid_of(maps: Tensor) -> tuple[int, int]:
    """(H_k, W_k) of maps (…, H_k, W_k)."""
    return int(maps.shape[-2]), int(maps.shape[-1])


def resampling_matrix(source: int, target: int, *, sigma: float, align_corners: bool) -> Tensor:
    """Bilinear interpolation along one axis, then a Gaussian: (target, source) float32, rows add up to 1."""
    unit = torch.eye(source, dtype=torch.float64)[:, None]
    bilinear = F.interpolate(unit, size=target, mode="linear", align_corners=align_corners)[:, 0].T
    return (gaussian_matrix(target, sigma) @ bilinear).float().contiguous()


def gaussian_matrix(side: int, sigma: float) -> Tensor:
    """Smoothing along one axis as a matrix, (side, side) float64; beyond its ends the axis is mirrored."""
    if sigma <= 0:
        return torch.eye(side, dtype=torch.float64)
    radius = math.ceil(4 * sigma)
    offsets = torch.arange(-radius, radius + 1)
    weights = torch.exp(-offsets.double().square() / (2 * sigma**2))
    reached = (torch.arange(side)[:, None] + offsets) % (2 * side)
    reached = torch.minimum(reached, 2 * side - 1 - reached)
    matrix = torch.zeros(side, side, dtype=torch.float64)
    matrix.scatter_add_(1, reached, (weights / weights.sum()).expand(side, -1).contiguous())
    return matrix
