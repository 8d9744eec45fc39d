"""A picture inspected as a whole and in tiles: one map and one score."""

import threading
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flawflow.images import resize_map, resize_mask
from flawflow.images.tiling import Tile, TileGrid
from flawflow.inspection.parallel import cores, in_order
from flawflow.model_file.tile_card import TileCard
from flawflow.runtime.engine import Engine, run_one

Map = NDArray[np.float32]


class TileEngine:
    """Runs tiles side by side, no more of them at once than there are threads, whoever asks.

    Args:
        engine: Runs one tile at a time, best with one thread.
        threads: As many tiles at once; one a core where it is not given.
    """

    def __init__(self, engine: Engine, threads: int | None = None) -> None:
        self._engine = engine
        self._workers = threads or cores()
        self._free = threading.BoundedSemaphore(self._workers)

    def infer(self, tile: NDArray[np.uint8]) -> tuple[Map, float]:
        """Map and score of one tile, (h, w, 3) uint8."""
        with self._free:
            return run_one(self._engine, np.ascontiguousarray(tile), (tile.shape[0], tile.shape[1]))

    def maps(
        self, grid: TileGrid, picture: NDArray[np.uint8], tiles: tuple[Tile, ...]
    ) -> Iterator[tuple[Tile, Map]]:
        """The maps of some tiles of a picture, in their order; few are held at once.

        Args:
            grid: How it is cut.
            picture: uint8 (H, W, 3), of any size.
            tiles: Of the grid.
        """
        if tiles:
            fitted = grid.fitted(picture)
            found = in_order(lambda tile: self.infer(grid.cut(fitted, tile))[0], tiles, workers=self._workers)
            yield from zip(tiles, found, strict=True)


class TiledModel:
    """Adds what tiles show to what a model says about the whole picture.

    Args:
        engine: Runs the tiles.
        card: How they are cut and what is usual in them.
        roi_mask: bool (H, W) of the whole picture's map: which pixels count.

    Attributes:
        card: As given.
    """

    def __init__(self, engine: TileEngine, card: TileCard, roi_mask: NDArray[np.bool_]) -> None:
        self._engine = engine
        self.card = card
        self._grid = card.grid
        self._roi_mask = roi_mask

    def measure(self, picture: NDArray[np.uint8], whole_map: Map, whole_score: float) -> tuple[Map, float]:
        """Map and score of a picture.

        Args:
            picture: uint8 (H, W, 3), of any size.
            whole_map: What the model says about the whole picture.
            whole_score: Likewise.

        Returns:
            The map, float32 of the grid's `map_size`, and the score.
        """
        card, grid = self.card, self._grid
        tiles = chosen_tiles(card, whole_map, self._roi_mask)
        levels = card.levels
        found = self._engine.maps(grid, picture, tiles)
        added = grid.blend((tile, values - np.float32(levels[tile.number])) for tile, values in found)
        anomaly_map = resize_map(whole_map, grid.map_size) + np.float32(card.map_gain) * added
        counting = self._counting
        if counting is not None:
            anomaly_map[~counting] = anomaly_map[counting].min()
            added = added[counting]
        more = max(0.0, float(added.max()) - card.usual) if tiles else 0.0
        return anomaly_map, whole_score + card.score_gain * more

    @cached_property
    def _counting(self) -> NDArray[np.bool_] | None:
        return counting_pixels(self._grid, self._roi_mask)


def chosen_tiles(card: TileCard, whole_map: Map, roi_mask: NDArray[np.bool_]) -> tuple[Tile, ...]:
    """The tiles of a picture that are inspected.

    Args:
        card: How pictures are cut and what is usual.
        whole_map: The map of the whole picture.
        roi_mask: bool (H, W) of that map: which pixels count.
    """
    tiles = tiles_inside(card.grid, roi_mask)
    if card.mode == "all":
        return tiles
    peaks = tile_peaks(card.grid, whole_map)
    return tuple(tile for tile in tiles if card.lows[tile.number] < peaks[tile.number] <= card.high)


def tile_peaks(grid: TileGrid, whole_map: Map) -> NDArray[np.float64]:
    """The largest value of the whole picture's map, (H, W) of any size, in each tile."""
    shape = whole_map.shape[0], whole_map.shape[1]
    return np.array([whole_map[grid.within(tile, shape)].max() for tile in grid.tiles], np.float64)


def tiles_inside(grid: TileGrid, roi_mask: NDArray[np.bool_]) -> tuple[Tile, ...]:
    """The tiles in which a pixel counts."""
    shape = roi_mask.shape[0], roi_mask.shape[1]
    return tuple(tile for tile in grid.tiles if roi_mask[grid.within(tile, shape)].any())


def counting_pixels(grid: TileGrid, roi_mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Which pixels of the tiles' map count; None for all."""
    return None if roi_mask.all() else resize_mask(roi_mask, grid.map_size)
