"""The density of all scales' features side by side: what they have in common tells more than each alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.learn.detector.density import Vectors, as_scale, coupling_blocks, learn_density, sine_condition
from flawflow.learn.detector.folded import FoldedFlow
from flawflow.learn.detector.gaussian import CellGaussian
from flawflow.learn.detector.joined import as_vectors, join
from flawflow.learn.detector.learning import seed_of
from flawflow.learn.detector.options import CflowOptions
from flawflow.learn.detector.standard import PositionStandard
from flawflow.learn.extract import allocate
from flawflow.learn.features import FeatureStore
from flawflow.learn.flow import Chain
from flawflow.learn.source import Source
from flawflow.learn.together import Tally


class JoinedFeatures(nn.Module):
    """Join scales.

    Args:
        grid: (H, W) of the positions.
        cells: (h, w) of the cells, blocks of positions; they divide the grid.
        pooled: Average each position over its 3 × 3 neighbours.
        chosen: The channels to take, int64; None for all.
    """

    chosen: Tensor | None

    def __init__(
        self, grid: tuple[int, int], cells: tuple[int, int], *, pooled: bool, chosen: Tensor | None
    ) -> None:
        super().__init__()
        self.grid = grid
        self.cells = cells
        self.pooled = pooled
        self.register_buffer("chosen", chosen)

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Join maps (B, D_k, H_k, W_k); gives (B, H·W, D), positions in the order of cells."""
        joined = join(pyramid, self.grid, mode="bilinear")
        if self.chosen is not None:
            joined = joined.index_select(1, self.chosen)
        if self.pooled:
            joined = F.avg_pool2d(joined, 3, stride=1, padding=1, count_include_pad=False)
        return self.in_cells(as_vectors(joined))

    def in_cells(self, vectors: Tensor) -> Tensor:
        """Vectors (B, H·W, D) from rows of the grid to cells."""
        if self.cells == self.grid:
            return vectors
        (height, width), (rows, columns) = self.grid, self.cells
        blocks = vectors.reshape(-1, rows, height // rows, columns, width // columns, vectors.shape[2])
        return blocks.transpose(2, 3).reshape(-1, height * width, vectors.shape[2])

    def as_map(self, values: Tensor) -> Tensor:
        """Values (B, H·W) from cells to maps (B, H, W)."""
        (height, width), (rows, columns) = self.grid, self.cells
        if self.cells == self.grid:
            return values.reshape(-1, height, width)
        blocks = values.reshape(-1, rows, columns, height // rows, width // columns)
        return blocks.transpose(2, 3).reshape(-1, height, width)

    def inside(self, inside: Tensor | None) -> Tensor | None:
        """Positions (P,) int64 of the grid as positions in the order of cells, ascending."""
        if inside is None:
            return None
        marks = torch.zeros(1, self.grid[0] * self.grid[1], 1).index_fill(1, inside.cpu(), 1.0)
        return torch.nonzero(self.in_cells(marks).flatten())[:, 0]


class JoinedScale(nn.Module):
    """Measure joined features: whiten them by position, then by a density that positions share.

    Args:
        features: Joins the scales.
        gaussian: The positions' own affine layer.
        density: Measures whitened vectors, (B, H·W, D) to (B, H·W); None where the Gaussian is all.
    """

    def __init__(self, features: JoinedFeatures, gaussian: CellGaussian, density: nn.Module | None) -> None:
        super().__init__()
        self.features = features
        self.gaussian = gaussian
        self.density = density

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Measure maps (B, D_k, H_k, W_k); gives one map (B, H, W)."""
        vectors = self.features(pyramid)
        if self.density is None:
            # The 1 rounds off the root's corner, as in `DistanceScale`.
            return self.features.as_map((1 + self.gaussian.energy(vectors)).sqrt())
        return self.features.as_map(self.density(self.gaussian(vectors)))


def draw_channels(depth: int, most: int, *, seed: int) -> Tensor | None:
    """Channels to take of so many, (most,) int64, ascending; None where all are few enough."""
    if depth <= most:
        return None
    return torch.randperm(depth, generator=torch.Generator().manual_seed(seed))[:most].sort().values


@dataclass(frozen=True)
class Joined:
    """What is joined, and whether a flow learns what the Gaussian leaves.

    Attributes:
        name: Of the folder for its vectors.
        level: The scale whose grid it has, counted from the coarsest, -1.
        pooled: Average each position over its 3 × 3 neighbours.
        learns: Whether a flow follows the Gaussian.
    """

    name: str
    level: int
    pooled: bool
    learns: bool


JOINED = Joined("joined", level=-2, pooled=False, learns=True)
COARSE = Joined("coarse", level=-1, pooled=True, learns=False)


def fit_joined(source: Source, how: Joined, options: CflowOptions, tally: Tally) -> JoinedScale:
    """Learn the density of all scales joined."""
    store, device = source.features, source.device
    level = max(0, len(store.maps) + how.level)
    grid, cells = store.grids[level], store.grids[-1]
    depth = sum(maps.shape[2] for maps in store.maps)
    chosen = draw_channels(depth, options.joined_channels, seed=source.seed)
    features = JoinedFeatures(grid, cells, pooled=how.pooled, chosen=chosen).to(device)
    inside = features.inside(store.inside(level))
    rank = options.rank if how.learns else options.coarse_rank
    seed = seed_of(source.seed, len(store.maps))
    gaussian = CellGaussian.from_data(
        lambda: map(features, store.pyramids(device)),
        cells=cells[0] * cells[1],
        rank=rank if options.position_statistics else 0,
        seed=seed,
        by_position=options.position_statistics,
        inside=inside,
    ).to(device)
    if not how.learns:
        return JoinedScale(features, gaussian, None)
    maps = _whitened(source, store, features, gaussian, how.name)
    condition = sine_condition(grid, options.position_channels)
    if condition is not None:
        condition = features.in_cells(condition[None].to(device))[0].contiguous()
    vectors = Vectors(maps, store.views, inside, condition)
    generator = torch.Generator().manual_seed(seed)
    flow = Chain(*coupling_blocks(maps.shape[2], options.position_channels, options, generator)).to(device)
    noise = options.joined_noise
    standard = PositionStandard(*(torch.full(maps.shape[1:], value) for value in (0.0, 1.0, noise)))
    learn_density(source, vectors, standard, flow, options, number=len(store.maps), tally=tally)
    folded = FoldedFlow(flow, condition).to(device)
    return JoinedScale(features, gaussian, as_scale(folded, vectors, options, device))


@torch.inference_mode()
def _whitened(
    source: Source, store: FeatureStore, features: JoinedFeatures, gaussian: CellGaussian, name: str
) -> Tensor:
    """The whitened vectors of all rows, (rows, H·W, D): a step of the flow needs some of every picture."""
    shape = (len(store.maps[0]), *gaussian.offset.shape)
    with torch.inference_mode(mode=False):
        (maps,) = allocate([shape], device=source.device, folder=source.work.path / name)
    start = 0
    for pyramid in store.pyramids(source.device):
        part = gaussian(features(pyramid))
        maps[start : start + len(part)] = part
        start += len(part)
    return maps
