"""Tiles cover a picture, and their maps are put together without a seam."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.images import MAX_PIXELS
from flawflow.images.tiling import MAX_MAP_PIXELS, TileGrid

sides = st.integers(16, 90)
overlaps = st.floats(1 / 16, 1 / 2)


@st.composite
def grids(draw: st.DrawFn) -> TileGrid:
    tile = draw(sides), draw(sides)
    size = tile[0] + draw(st.integers(0, 200)), tile[1] + draw(st.integers(0, 200))
    return TileGrid(size, tile, draw(overlaps))


def cut(grid: TileGrid, whole: np.ndarray):
    """The tiles of a map as if a model had given them, in their order."""
    return ((tile, grid.cut(whole, tile)) for tile in grid.tiles)


@given(grids())
def test_tiles_lie_inside_cover_all_and_share_what_was_asked(grid: TileGrid):
    covered = np.zeros(grid.size, np.int64)
    for number, tile in enumerate(grid.tiles):
        assert tile.number == number
        assert grid.cut(covered, tile).shape == grid.tile
        grid.cut(covered, tile)[:] += 1
    assert covered.min() >= 1
    for axis, starts in enumerate(({t.top for t in grid.tiles}, {t.left for t in grid.tiles})):
        ordered = sorted(starts)
        assert ordered[0] == 0
        assert ordered[-1] == grid.size[axis] - grid.tile[axis]
        for one, other in itertools.pairwise(ordered):
            assert one + grid.tile[axis] - other >= int(grid.overlap * grid.tile[axis])


@given(grids(), st.floats(-1e3, 1e3))
def test_weights_add_up_to_one(grid: TileGrid, value: float):
    found = grid.blend((tile, np.full(grid.tile, value, np.float32)) for tile in grid.tiles)
    np.testing.assert_allclose(found, value, rtol=2e-6, atol=1e-12)


@given(grids(), st.integers(0, 2**32 - 1))
def test_maps_that_agree_are_left_as_they_are(grid: TileGrid, seed: int):
    whole = np.random.default_rng(seed).normal(size=grid.size).astype(np.float32)
    np.testing.assert_allclose(grid.blend(cut(grid, whole)), whole, atol=1e-5)


@given(grids(), st.integers(0, 2**32 - 1))
def test_where_tiles_differ_one_fades_into_the_other(grid: TileGrid, seed: int):
    levels = np.random.default_rng(seed).uniform(size=len(grid.tiles)).astype(np.float32)
    found = grid.blend((tile, np.full(grid.tile, levels[tile.number])) for tile in grid.tiles)
    assert levels.min() - 1e-6 <= found.min() <= found.max() <= levels.max() + 1e-6
    for axis in (0, 1):
        starts = sorted({(tile.top, tile.left)[axis] for tile in grid.tiles})
        shared = [one + grid.tile[axis] - other for one, other in itertools.pairwise(starts)]
        # A tile gains no more from one pixel to the next than an even ramp, or two where three tiles meet.
        steepest = max((2 / pixels for pixels in shared), default=0)
        assert np.abs(np.diff(found, axis=axis)).max(initial=0) <= steepest + 1e-5


@given(grids(), st.data())
def test_a_tile_that_is_missing_leaves_a_gap_that_fades_in(grid: TileGrid, data: st.DataObject):
    chosen = data.draw(st.sets(st.sampled_from(grid.tiles)))
    found = grid.blend((tile, np.ones(grid.tile, np.float32)) for tile in grid.tiles if tile in chosen)
    rest = grid.blend((tile, np.ones(grid.tile, np.float32)) for tile in grid.tiles if tile not in chosen)
    assert found.min() >= 0
    np.testing.assert_allclose(found + rest, 1, rtol=2e-6)


@given(st.integers(1, 40_000), st.integers(1, 40_000), st.sampled_from([32, 256, 400]))
def test_maps_are_bounded_whatever_the_picture(height: int, width: int, side: int):
    if height * width > MAX_PIXELS or max(height, width) > 1000 * min(height, width):
        return
    grid = TileGrid.over((height, width), (side, side), 0.25)
    # A picture narrower than a tile is fitted to it.
    assert grid.map_size[0] * grid.map_size[1] <= MAX_MAP_PIXELS
    for wanted, length in zip((height, width), grid.size, strict=True):
        assert max(wanted, side) - grid.cell < length <= max(wanted, side)


def test_pictures_of_the_grids_size_are_not_resized(rng: np.random.Generator):
    grid = TileGrid.over((100, 150), (64, 64), 0.25)
    picture = rng.integers(0, 256, (100, 150, 3), np.uint8)
    assert grid.fitted(picture) is picture
    assert grid.fitted(picture[::2]).shape == (100, 150, 3)


def test_a_map_pixel_of_a_large_picture_is_the_mean_of_its_pixels():
    grid = TileGrid.over((4096, 4096), (256, 256), 0.25)
    assert (grid.cell, grid.map_size) == (2, (2048, 2048))
    values = np.arange(256 * 256, dtype=np.float32).reshape(256, 256)
    small = grid.reduced(values)
    assert small.shape == (128, 128)
    assert small[3, 5] == values[6:8, 10:12].mean()


def test_where_a_tile_lies_in_a_smaller_map():
    grid = TileGrid.over((100, 200), (50, 50), 0.5)
    rows, columns = grid.within(grid.tiles[-1], (10, 20))
    assert (rows, columns) == (slice(5, 10), slice(15, 20))
    covered = np.zeros((7, 11), np.bool_)
    for tile in grid.tiles:
        covered[grid.within(tile, (7, 11))] = True
    assert covered.all()


@pytest.mark.parametrize(
    ("size", "tile", "overlap", "message"),
    [
        ((40, 64), (64, 64), 0.25, "must fit"),
        ((64, 64), (32, 0), 0.25, "must fit"),
        ((64, 64), (32, 32), 0.0, "overlap must be"),
        ((64, 64), (32, 32), 0.6, "overlap must be"),
        ((4097, 4096), (256, 256), 0.25, "multiples of 4"),
    ],
)
def test_what_no_grid_is(size, tile, overlap, message):
    with pytest.raises(ValueError, match=message):
        TileGrid(size, tile, overlap)
