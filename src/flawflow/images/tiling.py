"""Overlapping tiles of a picture, and one map of theirs without seams."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flawflow.images.resize import resize_image

MAX_MAP_PIXELS = 2**22
"""The most values of a map that tiles are put together to: 16 MB, whatever the picture's size."""

MIN_OVERLAP, MAX_OVERLAP = 1 / 16, 1 / 2
"""Of neighbouring tiles, as a share of their side: each pixel is then seen by at most two in a row."""


@dataclass(frozen=True)
class Tile:
    """One tile.

    Attributes:
        number: Its place among all, row by row.
        row: Its row among the rows of tiles.
        column: Its column.
        top: Its first line of pixels in the picture.
        left: Its first column of pixels.
    """

    number: int
    row: int
    column: int
    top: int
    left: int


@dataclass(frozen=True)
class TileGrid:
    """Tiles that cover a picture, evenly spaced, the outer ones flush with its edges.

    Attributes:
        size: (H, W) of the picture, no side shorter than a tile's.
        tile: (H, W) of a tile.
        overlap: What neighbouring tiles share at least, as a part of their side.

    Raises:
        ValueError: A tile does not fit into the picture, or the overlap is out of its range.
    """

    size: tuple[int, int]
    tile: tuple[int, int]
    overlap: float

    def __post_init__(self) -> None:
        if min(self.tile) < 1 or any(map(int.__lt__, self.size, self.tile)):
            raise ValueError(f"a tile of {self.tile} must fit into a picture of {self.size}")
        if not MIN_OVERLAP <= self.overlap <= MAX_OVERLAP:
            raise ValueError(f"overlap must be from {MIN_OVERLAP} to {MAX_OVERLAP}; got {self.overlap}")
        if any(side % self.cell for side in (*self.size, *self.tile)):
            raise ValueError(f"sides of {self.size} and {self.tile} must be multiples of {self.cell}")

    @classmethod
    def over(cls, picture: tuple[int, int], tile: tuple[int, int], overlap: float) -> "TileGrid":
        """The grid over a picture of about this size: no side shorter than a tile's, in whole map pixels."""
        height, width = (max(side, least) for side, least in zip(picture, tile, strict=True))
        cell = _cell(height, width)
        height, width = height // cell * cell, width // cell * cell
        return cls((height, width), tile, overlap)

    @property
    def cell(self) -> int:
        """The side of a map's pixel in pixels of the picture, a power of two."""
        return _cell(*self.size)

    @property
    def map_size(self) -> tuple[int, int]:
        """(H, W) of the map."""
        return self.size[0] // self.cell, self.size[1] // self.cell

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles, row by row."""
        rows, columns = (self._origins(axis) for axis in (0, 1))
        return tuple(
            Tile(i * len(columns) + j, i, j, top, left)
            for i, top in enumerate(rows)
            for j, left in enumerate(columns)
        )

    def fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture, (H, W, 3), at the grid's size: itself where it has it."""
        return picture if picture.shape[:2] == self.size else resize_image(picture, self.size)

    def cut(self, fitted: NDArray[np.uint8], tile: Tile) -> NDArray[np.uint8]:
        """A tile of a picture that was fitted, (h, w, 3)."""
        height, width = self.tile
        return fitted[tile.top : tile.top + height, tile.left : tile.left + width]

    def within(self, tile: Tile, shape: tuple[int, int]) -> tuple[slice, slice]:
        """Where a tile lies in a map of the whole picture of any shape: rows and columns that it touches."""
        spans = []
        for axis, start in enumerate((tile.top, tile.left)):
            side, length = shape[axis], self.size[axis]
            spans.append(slice(start * side // length, -(-(start + self.tile[axis]) * side // length)))
        return spans[0], spans[1]

    def _origins(self, axis: int) -> list[int]:
        length, side = self.size[axis], self.tile[axis]
        if length == side:
            return [0]
        # Rounding origins down to whole map pixels may take one of them from the overlap.
        stride = max(self.cell, side - math.ceil(self.overlap * side / self.cell) * self.cell)
        count = 1 + math.ceil((length - side) / stride)
        free = (length - side) // self.cell
        return [number * free // (count - 1) * self.cell for number in range(count)]

    @cached_property
    def _weights(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How much each row, and each column, of tiles counts along its axis of the map: (n, side)."""
        return self._ramps(0), self._ramps(1)

    def _ramps(self, axis: int) -> NDArray[np.float32]:
        side, length = self.tile[axis] // self.cell, self.map_size[axis]
        origins = [origin // self.cell for origin in self._origins(axis)]
        ramps = np.zeros((len(origins), length))
        inside = np.arange(side) + 0.5
        for number, origin in enumerate(origins):
            before = side if number == 0 else origins[number - 1] + side - origin
            after = side if number == len(origins) - 1 else origin + side - origins[number + 1]
            rise = np.ones(side) if number == 0 else np.clip(inside / before, 0, 1)
            fall = np.ones(side) if number == len(origins) - 1 else np.clip((side - inside) / after, 0, 1)
            ramps[number, origin : origin + side] = rise * fall
        weights: NDArray[np.float32] = (ramps / ramps.sum(axis=0)).astype(np.float32)
        return weights

    def blend(self, maps: Iterator[tuple[Tile, NDArray[np.float32]]]) -> NDArray[np.float32]:
        """Put maps of tiles together; 0 where there is none.

        Each fades out towards its edges while its neighbours fade in. The weights of all tiles add up to one
        in every pixel, so that maps that agree are left as they are.

        Args:
            maps: Tiles and their maps, (h, w).

        Returns:
            float32 of `map_size`.
        """
        total = np.zeros(self.map_size, np.float32)
        rows, columns = self._weights
        for tile, values in maps:
            small = self.reduced(values)
            top, left = tile.top // self.cell, tile.left // self.cell
            height, width = small.shape
            part = total[top : top + height, left : left + width]
            part += (
                rows[tile.row, top : top + height, None] * columns[tile.column, left : left + width] * small
            )
        return total

    def reduced(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """A tile's map, (h, w), in pixels of the whole map: the mean of each."""
        if self.cell == 1:
            return values
        height, width = (side // self.cell for side in values.shape)
        means: NDArray[np.float32] = values.reshape(height, self.cell, width, self.cell).mean(axis=(1, 3))
        return means


def _cell(height: int, width: int) -> int:
    cell = 1
    while height * width > cell**2 * MAX_MAP_PIXELS:
        cell *= 2
    return cell
