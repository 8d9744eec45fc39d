"""What a model's card says of tiles: how pictures are cut, and what is usual in a tile."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from flawflow.images.tiling import TileGrid
from flawflow.model_file.canary import Canary

# Maps and scores are float32, and sums and differences of them must be, too.
MAX_LEVEL = 1e30

MAX_TILES = 65536
"""Far beyond the tiles of the largest picture; it keeps a hostile card from asking for all memory."""


@dataclass(frozen=True, kw_only=True)
class TileCard:
    """How pictures are inspected in tiles.

    The maps of the tiles, each less what is usual in its place, are put together to one. The picture's map is
    that of the whole picture plus `map_gain` times this one, and its score that of the whole picture plus
    `score_gain` times what the largest value of this one has above `usual`: tiles add evidence and take none
    away. Every number comes from good training pictures.

    Attributes:
        mode: "all" tiles are inspected, or the "doubtful" ones.
        size: (H, W) that pictures are fitted to before they are cut: usually their own.
        tile: (H, W) of a tile, as of the card's `size`.
        overlap: As of `flawflow.images.tiling.TileGrid`.
        levels: The usual mean of each tile's map, row by row.
        map_gain: Of the tiles' map beside the whole picture's.
        usual: The usual largest value of the tiles' map.
        score_gain: Of the largest value beside the whole picture's score.
        lows: A doubtful tile is one in which the whole picture's map rises above this; row by row.
        high: And nowhere above this: no good picture does.
        mean_count: How many tiles the good pictures of the calibration took on average.
        canaries: As of the card, of a tile.

    Raises:
        ValueError: When a value is outside its range.
    """

    mode: Literal["doubtful", "all"]
    size: tuple[int, int]
    tile: tuple[int, int]
    overlap: float
    levels: tuple[float, ...]
    map_gain: float
    usual: float
    score_gain: float
    lows: tuple[float, ...]
    high: float
    mean_count: float = 0.0
    canaries: tuple[Canary, ...] = ()

    def __post_init__(self) -> None:
        height, width = self.size
        if not (min(height, width, *self.tile) >= 1 and 0 < self.overlap < 1):
            raise ValueError(f"size, tile and overlap must be positive; got {self.size}, {self.tile}")
        # Asked before the tiles are listed.
        if height * width > MAX_TILES * self.tile[0] * self.tile[1] * (1 - self.overlap) ** 2:
            raise ValueError(f"tiles of {self.tile} are too many over {self.size}")
        count = len(self.grid.tiles)
        for name in ("levels", "lows"):
            if len(getattr(self, name)) != count:
                raise ValueError(f"{name} must be {count} numbers; got {len(getattr(self, name))}")
        numbers = (self.map_gain, self.usual, self.score_gain, self.high, *self.levels, *self.lows)
        if not all(abs(number) <= MAX_LEVEL for number in numbers):
            raise ValueError(f"levels, gains and limits must be within ±{MAX_LEVEL:g}")
        if self.map_gain < 0 or self.score_gain < 0 or not 0 <= self.mean_count <= count:
            raise ValueError(f"gains must be 0 or more, and mean_count from 0 to {count}")

    @cached_property
    def grid(self) -> TileGrid:
        """The tiles."""
        return TileGrid(self.size, self.tile, self.overlap)
