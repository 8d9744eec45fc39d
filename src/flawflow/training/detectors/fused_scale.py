"""The density of the two coarsest scales, joined: what they have in common tells more than each alone."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import (
    Vectors,
    as_scale,
    coupling_blocks,
    fit_density,
    sine_condition,
)
from flawflow.training.detectors.feature_fusion import as_vectors, fuse
from flawflow.training.detectors.fitting import seed_of
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.detectors.gaussian import CellGaussian
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.extract import Room, allocate
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.flows import Chain
from flawflow.training.parallel import ProgressCounter

# The coarsest ones. A finer scale, averaged at the grid of these, adds more work than it tells.
FUSED_SCALE_COUNT = 2
# Vectors to learn from for each channel, at least. All of too few vectors are equally far from their mean,
# and what the distances of other pictures are measured by would be rounding.
_MIN_VECTORS_PER_CHANNEL = 2


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


class FusedScale(nn.Module):
    """Measure joined features by a Gaussian, and by a density of what it whitens.

    The Gaussian knows how channels vary together in each place, the density what all places have in common
    beyond a Gaussian; what one of them misses the other often sees.

    Args:
        features: Joins the scales.
        gaussian: The positions' own affine layer, and the cells' own covariances.
        density: Measures whitened vectors, (B, H·W, D) to (B, H·W); None where the Gaussian is all.
    """

    def __init__(self, features: FusedFeatures, gaussian: CellGaussian, density: nn.Module | None) -> None:
        super().__init__()
        self.features = features
        self.gaussian = gaussian
        self.density = density

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure maps (B, D_k, H_k, W_k); gives maps (B, H, W): the Gaussian's, and the density's if any."""
        whitened = self.features.product(pyramid, self.gaussian.matrix) + self.gaussian.offset
        # The 1 rounds off the root's corner, as in `DistanceScale`.
        maps = [(1 + self.gaussian.energy(whitened)).sqrt()]
        if self.density is not None:
            maps.append(self.density(whitened))
        return [distance.reshape(-1, *self.features.grid) for distance in maps]


def draw_channels(depth: int, most: int, *, seed: int) -> Tensor | None:
    """Channels to take of so many, (most,) int64, ascending; None where all are few enough."""
    if depth <= most:
        return None
    return torch.randperm(depth, generator=torch.Generator().manual_seed(seed))[:most].sort().values


@dataclass(frozen=True)
class Fusion:
    """Where scales are joined, and whether a flow learns what a Gaussian cannot tell.

    Attributes:
        name: Of the folder for its vectors.
        level: The scale whose grid it has, counted from the coarsest, -1.
        cell: Positions in a row that share a covariance, where the grid allows.
        fits_flow: Whether a flow learns, too; otherwise each scale is averaged over neighbours before it is
            joined.
    """

    name: str
    level: int
    cell: int
    fits_flow: bool


FINE_FUSION = Fusion("joined", level=-2, cell=2, fits_flow=True)
COARSE_FUSION = Fusion("coarse", level=-1, cell=1, fits_flow=False)


def fit_fused_scale(
    source: FeatureSource, how: Fusion, options: CflowOptions, progress_counter: ProgressCounter
) -> FusedScale:
    """Learn the density of the two coarsest scales joined."""
    store, device = source.features, source.device
    level = max(0, len(store.maps) + how.level)
    grid, inside = store.grids[level], store.inside(level)
    depths = [maps.shape[2] for maps in store.maps[-FUSED_SCALE_COUNT:]]
    seed = seed_of(source.seed, len(store.maps))
    # Less one, since each position has a mean of its own.
    pooled = None if how.fits_flow else store.grids[-FUSED_SCALE_COUNT:]
    vectors = (len(store.maps[0]) - 1) * _different_positions(grid, inside, pooled)
    most = min(options.joined_channels, max(1, vectors // _MIN_VECTORS_PER_CHANNEL))
    chosen = draw_channels(sum(depths), most, seed=seed)
    features = FusedFeatures(grid, depths, chosen, pooled=pooled).to(device)
    noise = options.joined_noise if how.fits_flow else 0.0
    gaussian = CellGaussian.from_data(
        lambda: map(features, store.pyramids(device)),
        cell=how.cell if grid[1] % how.cell == 0 else 1,
        rank=(options.rank if how.fits_flow else options.coarse_rank) if options.position_statistics else 0,
        noise=noise,
        seed=seed,
        by_position=options.position_statistics,
        inside=inside,
    ).to(device)
    if not how.fits_flow:
        return FusedScale(features, gaussian, None)
    maps = _whitened(source, store, features, gaussian, how.name)
    condition = sine_condition(grid, options.position_channels)
    condition = None if condition is None else condition.to(device)
    learned = Vectors(maps, store.views, inside, condition)
    generator = torch.Generator().manual_seed(seed)
    flow = Chain(*coupling_blocks(maps.shape[2], options.position_channels, options, generator)).to(device)
    carried = noise / (1 + noise**2) ** 0.5
    standardizer = PositionStandardizer(*(torch.full(maps.shape[1:], value) for value in (0.0, 1.0, carried)))
    fit_density(
        source,
        learned,
        standardizer,
        flow,
        options,
        number=len(store.maps),
        progress_counter=progress_counter,
    )
    folded = FoldedFlow(flow, condition).to(device)
    return FusedScale(features, gaussian, as_scale(folded, learned, options, device))


def _different_positions(
    grid: tuple[int, int], inside: Tensor | None, pooled: Sequence[tuple[int, int]] | None
) -> int:
    """How many positions differ: on the smallest grids several have the same neighbours."""
    places = torch.arange(grid[0] * grid[1]) if inside is None else inside.cpu()
    if pooled is None:
        return len(places)
    rows, columns = (
        torch.unique(pooling_matrix(own, wanted), dim=0, return_inverse=True)[1]
        for own, wanted in zip(pooled[-1], grid, strict=True)
    )
    alike = torch.stack([rows[places // grid[1]], columns[places % grid[1]]])
    return int(torch.unique(alike, dim=1).shape[1])


@torch.inference_mode()
def _whitened(
    source: FeatureSource, store: FeatureStore, features: FusedFeatures, gaussian: CellGaussian, name: str
) -> Tensor:
    """The whitened vectors of all rows, (rows, H·W, D): a step of the flow needs some of every picture."""
    shape = (len(store.maps[0]), *gaussian.offset.shape)
    with torch.inference_mode(mode=False):
        (maps,) = allocate([shape], device=source.device, room=Room(source.work.path / name))
    start = 0
    for pyramid in store.pyramids(source.device):
        part = gaussian(features(pyramid))
        maps[start : start + len(part)] = part
        start += len(part)
    return maps
