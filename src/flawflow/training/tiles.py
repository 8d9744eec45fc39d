"""A model of tiles: what good material looks like at the pictures' own resolution, wherever it lies.

Tiles of all places are learned from together. What the default detector knows of a position is then that of
the tile, not of the picture: its mean and covariance are those of all material there, which differ from one
position to another by what the tile's edge does to features, and by nothing else. A position of the picture
would need constants at its own resolution, a hundred times as many, of parts that never lie still to the
pixel. Places count in the whole picture's map, and in the usual level of each tile
(`flawflow.inspection.usual_tiles`).
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from flawflow.errors import DatasetError, TrainingError
from flawflow.images import read_image
from flawflow.images.tiling import TileGrid
from flawflow.inspection.parallel import in_order
from flawflow.inspection.tiled import TileEngine
from flawflow.inspection.usual_tiles import find_usual, usual_count
from flawflow.model_file.graph_outputs import TILES, with_outputs
from flawflow.model_file.tile_card import TileCard
from flawflow.progress import OnProgress, Progress
from flawflow.recipe import Recipe
from flawflow.recipe.options import why_not_exported
from flawflow.recipe.tiling import Tiling
from flawflow.runtime.canary_check import record_canaries
from flawflow.runtime.engine import Engine, OnnxRuntimeEngine
from flawflow.training.encoder import Encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.fit import fit
from flawflow.training.model import InspectionModel
from flawflow.training.roi import first_image_shape
from flawflow.training.split import MIN_IMAGES

# Tiles to learn from: more show no more of a material than these.
_MOST_TILES = 1024
# Of the pictures that are not held out.
_USUAL_SHARE = 0.1
# How far beyond the edges of the picture places are drawn, as a part of a tile: they are moved back to the
# edge, so that enough tiles lie there.
_BEYOND = 0.25


@dataclass(frozen=True, kw_only=True)
class FittedTiles:
    """A fitted model of tiles.

    Attributes:
        grid: How pictures are cut.
        model: Encoder, detector and head.
        source: The tiles that it learned from.
        usual: Good pictures that neither model has seen: they tell what is usual, and calibrate nothing.
    """

    grid: TileGrid
    model: InspectionModel
    source: FeatureSource
    usual: tuple[Path, ...]


class TiledInspectionModel(nn.Module):
    """A model of whole pictures and one of tiles, which share their encoder, as one module.

    Args:
        whole: Of whole pictures.
        tiles: Of tiles, with the same encoder but for the region of interest.
    """

    def __init__(self, whole: InspectionModel, tiles: InspectionModel) -> None:
        super().__init__()
        self.whole, self.tiles = whole, tiles

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what `forward` gives."""
        return *self.whole.outputs, *TILES.values()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Measure (B, H, W, 3) uint8 as whole pictures, and as tiles; gives two maps with their scores."""
        pyramid = self.whole.encoder(images)
        of_tile = pyramid if self.tiles.encoder is self.whole.encoder else self.tiles.encoder(images)
        return *self.whole.measure_all(pyramid), *self.tiles.measure(of_tile)


def tile_grid(recipe: Recipe, paths: Sequence[Path]) -> tuple[TileGrid | None, tuple[str, ...]]:
    """How pictures are cut, by the first one that can be read, and a sentence about it.

    Raises:
        TrainingError: A tile is as large as the pictures, or no model file can be made.
    """
    tiling = recipe.tiles
    if tiling.mode == "off":
        return None, ()
    reason = why_not_exported(recipe.detector.options)
    if reason is not None:
        raise TrainingError(f"Tiles need a model file, and none can be made: {reason}. Leave tiles out.")
    height, width = first_image_shape(paths)
    scaled = round(height * tiling.scale), round(width * tiling.scale)
    try:
        grid = TileGrid.over(scaled, recipe.shape, tiling.overlap)
    except ValueError as error:
        raise TrainingError(f"These tiles cannot be made: {error}; choose another --size.") from None
    tile = f"{recipe.shape[1]} × {recipe.shape[0]}"
    if len(grid.tiles) == 1:
        raise TrainingError(
            f"Pictures of {width} × {height} pixels are no larger than a tile of {tile}: leave tiles out, or "
            "choose a smaller --size."
        )
    which = "all" if tiling.mode == "all" else f"about {tiling.share:.0%} of the"
    return grid, (
        f"Pictures of {width} × {height} pixels are inspected as a whole and in {which} {len(grid.tiles)} "
        f"tiles of {tile} at {grid.size[1]} × {grid.size[0]}.",
    )


def drawn_for_tiles(pictures: Sequence[Path], grid: TileGrid, seed: int) -> tuple[Path, ...]:
    """Which good pictures are to tell what is usual: a random tenth, within bounds.

    Raises:
        DatasetError: Too few are left to learn from.
    """
    count = usual_count(grid, round(_USUAL_SHARE * len(pictures)))
    if len(pictures) - count < MIN_IMAGES:
        raise DatasetError(
            f"{len(pictures)} good pictures beside those that calibrate are too few for tiles, as {count} of "
            f"them tell what is usual: give {MIN_IMAGES + count} or more."
        )
    order = np.random.default_rng((seed, len(pictures))).permutation(len(pictures))
    return tuple(pictures[number] for number in sorted(order[:count].tolist()))


def fit_tiles(
    source: FeatureSource, grid: TileGrid, recipe: Recipe, *, usual: tuple[Path, ...]
) -> FittedTiles:
    """Learn from tiles of good pictures.

    Args:
        source: The pictures that whole pictures are learned from.
        grid: How pictures are cut.
        recipe: Its detector and aggregation count; its size is a tile's.
        usual: As of `FittedTiles`.
    """
    work = source.work.within("tiles")
    tiles = _save_tiles(source, grid, work.path / "pictures")
    of_tiles = replace(source, encoder=_unmasked(source.encoder), pictures=tiles, store=None, work=work)
    return FittedTiles(grid=grid, model=fit(of_tiles, recipe), source=of_tiles, usual=usual)


def _unmasked(encoder: Encoder) -> Encoder:
    """The same encoder without a region of interest, which is one of whole pictures."""
    if encoder.roi_mask is None:
        return encoder
    other = copy.copy(encoder)
    other._buffers = {**encoder._buffers, "roi_mask": None}
    return other


def measure_usual(
    graph: bytes,
    whole: Engine,
    fitted: FittedTiles,
    *,
    roi_mask: NDArray[np.bool_],
    tiling: Tiling,
    on_progress: OnProgress,
) -> tuple[TileCard, TileEngine]:
    """What tiles usually show, and what runs them.

    Args:
        graph: The exported graph of both models.
        whole: Runs its part for whole pictures.
        fitted: The model of tiles.
        roi_mask: (H, W) of whole pictures: which pixels count.
        tiling: What was asked for.
        on_progress: Called with each step of progress.
    """
    part = with_outputs(graph, TILES)
    engine = TileEngine(OnnxRuntimeEngine(part, threads=1))
    card = find_usual(
        whole,
        engine,
        grid=fitted.grid,
        tiling=tiling,
        pictures=fitted.usual,
        roi_mask=roi_mask,
        on_progress=on_progress,
    )
    return replace(card, canaries=record_canaries(part, fitted.grid.tile)), engine


def _save_tiles(source: FeatureSource, grid: TileGrid, folder: Path) -> tuple[Path, ...]:
    """Cut tiles out of good pictures at random places, as many out of each."""
    step = 1 + (len(source.pictures) - 1) // _MOST_TILES
    pictures = source.pictures[::step]
    each = -(-_MOST_TILES // len(pictures))
    folder.mkdir(parents=True, exist_ok=True)

    def cut(number: int) -> list[Path]:
        fitted = grid.fitted(read_image(pictures[number]))
        draws = np.random.default_rng(np.random.SeedSequence((source.seed, number)))
        saved = []
        for index in range(each):
            top, left = (
                int(np.clip(draws.uniform(-_BEYOND * side, length - side + _BEYOND * side), 0, length - side))
                for side, length in zip(grid.tile, grid.size, strict=True)
            )
            saved.append(folder / f"{number:06d}-{index:04d}.png")
            tile = fitted[top : top + grid.tile[0], left : left + grid.tile[1]]
            # The least compression: the pictures are read once and then removed.
            Image.fromarray(tile).save(saved[-1], compress_level=1)
        return saved

    tiles: list[Path] = []
    for done, saved in enumerate(in_order(cut, range(len(pictures))), start=1):
        tiles += saved
        source.on_progress(Progress("Tiles", done, len(pictures)))
    return tuple(tiles)
