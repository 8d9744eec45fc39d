"""What tiles of good pictures usually show, measured without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.tail import exponential_tail_limit
from flawflow.images import read_image, resize_image
from flawflow.images.tiling import Tile, TileGrid
from flawflow.inspection.tiled import TileEngine, counting_pixels, tile_peaks, tiles_inside
from flawflow.model_file.tile_card import TileCard
from flawflow.progress import OnProgress, Progress, ignore_progress
from flawflow.recipe.tiling import Tiling
from flawflow.runtime.engine import Engine, run_one

# Good pictures that tell what is usual: as many as take no more than so many tiles or map values.
_MOST_TILES, _MOST_VALUES = 3000, 2**26
_MOST_IMAGES, _LEAST_IMAGES = 64, 8
# What a good picture's map exceeds in a tile so rarely.
_BEYOND_GOOD = 1e-4


@dataclass(frozen=True, eq=False)
class _Seen:
    """Good pictures as a whole and in tiles, N of them."""

    scores: NDArray[np.float64]
    peaks: NDArray[np.float64]
    whole_deviation: float
    means: NDArray[np.float64]
    blended: NDArray[np.float32]


def find_usual(
    whole: Engine,
    tiles: TileEngine,
    *,
    grid: TileGrid,
    tiling: Tiling,
    pictures: Sequence[Path],
    roi_mask: NDArray[np.bool_],
    on_progress: OnProgress = ignore_progress,
) -> TileCard:
    """Find what is usual, from good pictures that neither model was trained on.

    Args:
        whole: Runs whole pictures.
        tiles: Runs tiles.
        grid: How pictures are cut.
        tiling: What was asked for; not "off".
        pictures: Files of good pictures, four or more.
        roi_mask: bool (H, W) of the whole picture's map: which pixels count.
        on_progress: Called with each step of progress.
    """
    seen = _seen(whole, tiles, grid=grid, pictures=pictures, roi_mask=roi_mask, on_progress=on_progress)
    levels = _shrunk(seen.means)
    usual_map = grid.blend((tile, _constant(grid, levels[tile.number])) for tile in grid.tiles)
    added = seen.blended - usual_map[None]
    counting = counting_pixels(grid, roi_mask)
    values = added.reshape(len(added), -1) if counting is None else added[:, counting]
    largest = values.max(axis=1).astype(np.float64)
    assert tiling.mode != "off"
    return TileCard(
        mode=tiling.mode,
        size=grid.size,
        tile=grid.tile,
        overlap=grid.overlap,
        levels=_rounded(levels),
        map_gain=_ratio(seen.whole_deviation, float(values.std(dtype=np.float64))),
        usual=float(largest.mean()),
        score_gain=_ratio(float(seen.scores.std(ddof=1)), float(largest.std(ddof=1))),
        lows=_rounded(np.quantile(seen.peaks, 1 - tiling.share, axis=0)),
        high=exponential_tail_limit(seen.peaks.max(axis=1).tolist(), _BEYOND_GOOD),
    )


def usual_count(grid: TileGrid, wanted: int) -> int:
    """How many good pictures tell what is usual, where so many are wanted."""
    most = min(
        _MOST_IMAGES, _MOST_TILES // len(grid.tiles), _MOST_VALUES // (grid.map_size[0] * grid.map_size[1])
    )
    return max(_LEAST_IMAGES, min(wanted, most))


def _seen(
    whole: Engine,
    tiles: TileEngine,
    *,
    grid: TileGrid,
    pictures: Sequence[Path],
    roi_mask: NDArray[np.bool_],
    on_progress: OnProgress,
) -> _Seen:
    size = roi_mask.shape[0], roi_mask.shape[1]
    inside = tiles_inside(grid, roi_mask)
    scores, peaks, deviations, means, blended = [], [], [], [], []
    for done, path in enumerate(pictures, start=1):
        picture = read_image(path)
        whole_map, score = run_one(whole, resize_image(picture, size), size)
        found = list(tiles.maps(grid, picture, inside))
        scores.append(score)
        peaks.append(tile_peaks(grid, whole_map))
        deviations.append(float(whole_map[roi_mask].std(dtype=np.float64)))
        means.append(_means(grid, found))
        blended.append(grid.blend(iter(found)))
        on_progress(Progress("Tiles of good pictures", done, len(pictures)))
    return _Seen(
        scores=np.array(scores),
        peaks=np.stack(peaks),
        whole_deviation=float(np.mean(deviations)),
        means=np.stack(means),
        blended=np.stack(blended),
    )


def _means(grid: TileGrid, found: Sequence[tuple[Tile, NDArray[np.float32]]]) -> NDArray[np.float64]:
    """The mean of each tile's map, row by row; of tiles without one, that of the others."""
    means = {tile.number: float(values.mean(dtype=np.float64)) for tile, values in found}
    usual = float(np.mean([*means.values()]))
    return np.array([means.get(tile.number, usual) for tile in grid.tiles])


def _shrunk(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of columns, (N, n) to (n,), pulled towards their mean as far as chance explains differences."""
    means = values.mean(axis=0)
    chance = float(values.var(axis=0, ddof=1).mean()) / len(values)
    spread = float(means.var())
    kept = max(0.0, 1 - chance / spread) if spread > 0 else 0.0
    shrunk: NDArray[np.float64] = means.mean() + kept * (means - means.mean())
    return shrunk


def _constant(grid: TileGrid, value: float) -> NDArray[np.float32]:
    return np.full(grid.tile, value, np.float32)


def _ratio(whole: float, tiles: float) -> float:
    """What brings the tiles' deviation to the whole picture's; 0 where all tiles are alike."""
    return whole / tiles if tiles > 0 else 0.0


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    """As a card keeps them: it may be of thousands of tiles."""
    return tuple(float(f"{value:.6g}") for value in values.tolist())
