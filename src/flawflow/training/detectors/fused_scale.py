"""The density of the two coarsest scales, joined: what they have in common tells more than each alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import (
    as_scale,
    coupling_blocks,
    sine_condition,
)
from flawflow.training.detectors.fitting import seed_of
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.detectors.fused_features import FUSED_SCALE_COUNT, FusedFeatures, pooling_matrix
from flawflow.training.detectors.gaussian import CellGaussian
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.detectors.unlearned import Density, Learn, Vectors
from flawflow.training.extract import Room, allocate
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.flows import Chain

# Vectors to learn from for each channel, at least. All of too few vectors are equally far from their mean,
# and what the distances of other pictures are measured by would be rounding.
_MIN_VECTORS_PER_CHANNEL = 2


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
    source: FeatureSource, how: Fusion, options: CflowOptions, learn: Learn, *, rounded: bool = False
) -> FusedScale:
    """Learn the density of the two coarsest scales joined; `learn` gives the flow."""
    features, gaussian = fused_gaussian(source, how, options, rounded=rounded)
    if not how.fits_flow:
        return FusedScale(features, gaussian, None)
    density = fused_density(source, how, options, features, gaussian)
    vectors = density.vectors
    condition = None if vectors.condition is None else vectors.condition.to(source.device)
    folded = FoldedFlow(learn(density), condition).to(source.device)
    return FusedScale(features, gaussian, as_scale(folded, vectors, options, source.device))


def fused_gaussian(
    source: FeatureSource, how: Fusion, options: CflowOptions, *, rounded: bool = False
) -> tuple[FusedFeatures, CellGaussian]:
    """What joins the two coarsest scales, and the Gaussian of what it joins.

    Args:
        source: The pictures and their features.
        how: Where they are joined.
        options: How.
        rounded: Round the Gaussian to what takes few bytes (`CellGaussian.rounded`).
    """
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
    gaussian = CellGaussian.from_data(
        lambda: map(features, store.pyramids(device)),
        cell=how.cell if grid[1] % how.cell == 0 else 1,
        rank=(options.rank if how.fits_flow else options.coarse_rank) if options.position_statistics else 0,
        noise=options.joined_noise if how.fits_flow else 0.0,
        seed=seed,
        by_position=options.position_statistics,
        inside=inside,
    ).to(device)
    return features, gaussian.rounded() if rounded else gaussian


def fused_density(
    source: FeatureSource,
    how: Fusion,
    options: CflowOptions,
    features: FusedFeatures,
    gaussian: CellGaussian,
) -> Density:
    """The density of what the Gaussian of joined scales whitens, not learned yet."""
    store = source.features
    maps = _whitened(source, store, features, gaussian, how.name)
    inside = store.inside(max(0, len(store.maps) + how.level))
    condition = sine_condition(features.grid, options.position_channels)
    carried = options.joined_noise / (1 + options.joined_noise**2) ** 0.5
    generator = torch.Generator().manual_seed(seed_of(source.seed, len(store.maps)))
    return Density(
        number=len(store.maps),
        name="joined scales",
        vectors=Vectors(maps, store.views, inside, condition),
        standardizer=PositionStandardizer(
            *(torch.full(maps.shape[1:], value) for value in (0.0, 1.0, carried))
        ),
        flow=Chain(*coupling_blocks(maps.shape[2], options.position_channels, options, generator)),
        own=0,
    )


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
