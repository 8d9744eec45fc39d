"""What is usual in tiles follows from good pictures alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.images import read_image, resize_image
from flawflow.images.tiling import TileGrid
from flawflow.inspection.tiled import TiledModel, TileEngine, chosen_tiles
from flawflow.inspection.usual_tiles import find_usual, usual_count
from flawflow.model_file.graph_outputs import TILES, WHOLE, with_outputs
from flawflow.model_file.tile_card import TileCard
from flawflow.progress import Progress
from flawflow.recipe.tiling import Tiling
from flawflow.runtime.engine import OnnxRuntimeEngine, run_one

from .tiled_model import SIZE, tiled_graph

GRID = TileGrid((64, 96), SIZE, 0.25)
ALL = Tiling(mode="all")
EVERYWHERE = np.ones(SIZE, np.bool_)


@pytest.fixture(scope="module")
def whole() -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(with_outputs(tiled_graph(), WHOLE), threads=1)


@pytest.fixture(scope="module")
def tiles() -> TileEngine:
    return TileEngine(OnnxRuntimeEngine(with_outputs(tiled_graph(), TILES), threads=1), 1)


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> list[Path]:
    """Noise that is brighter to the right, as bright in each picture."""
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for path in paths:
        noise = rng.integers(0, 80, (*GRID.size, 1)) + np.arange(96)[:, None]
        Image.fromarray(noise.repeat(3, axis=2).astype(np.uint8)).save(path)
    return paths


def usual(
    whole: OnnxRuntimeEngine,
    tiles: TileEngine,
    pictures: Sequence[Path],
    tiling: Tiling = ALL,
    roi_mask: np.ndarray = EVERYWHERE,
) -> TileCard:
    return find_usual(whole, tiles, grid=GRID, tiling=tiling, pictures=pictures, roi_mask=roi_mask)


def test_levels_are_those_of_the_places(whole, tiles, pictures):
    card = usual(whole, tiles, pictures)
    left, *_, right = (card.levels[number] for number in range(len({t.left for t in GRID.tiles})))
    # A tile's map is twice its brightness: 64 levels of 255 lie between their middles.
    assert right - left == pytest.approx(2 * 64 / 255, abs=0.03)
    assert (card.size, card.tile, card.overlap, card.mode) == (GRID.size, SIZE, 0.25, "all")


def test_good_pictures_are_no_higher_in_tiles_than_as_a_whole(whole, tiles, pictures):
    card = usual(whole, tiles, pictures)
    tiled = TiledModel(tiles, card, EVERYWHERE)
    added, scores = [], []
    for path in pictures:
        picture = np.asarray(Image.open(path))
        prepared = np.asarray(Image.open(path).resize(SIZE))
        whole_map, score = run_one(whole, prepared, SIZE)
        scores.append(score)
        added.append(tiled.measure(picture, whole_map, score)[1] - score)
    # Some have a larger value than usual; these add as much as a good picture's score varies by.
    assert min(added) == 0 < max(added) < 4 * np.std(scores, ddof=1)


def test_the_share_that_was_asked_for_is_inspected(whole, tiles, pictures):
    card = usual(whole, tiles, pictures, Tiling(mode="doubtful", share=0.25))
    counts = []
    for path in pictures:
        whole_map, _ = run_one(whole, resize_image(read_image(path), SIZE), SIZE)
        counts.append(len(chosen_tiles(card, whole_map, EVERYWHERE)))
    assert np.mean(counts) == pytest.approx(0.25 * len(GRID.tiles))
    assert card.high > max(card.lows)


def test_what_does_not_count_has_no_say(whole, tiles, pictures, rng):
    mask = EVERYWHERE.copy()
    mask[:, 16:] = False
    before = usual(whole, tiles, pictures, roi_mask=mask)
    for path in pictures:
        picture = np.array(Image.open(path))
        # The tiles in the middle see half of either side; of them only what counts is measured.
        picture[:, 64:] = rng.integers(0, 256)
        Image.fromarray(picture).save(path)
    after = usual(whole, tiles, pictures, roi_mask=mask)
    inside = [tile.number for tile in GRID.tiles if tile.left + SIZE[1] <= 64]
    assert inside
    for number in inside:
        assert after.levels[number] == pytest.approx(before.levels[number], abs=0.05)


def test_progress_is_told(whole, tiles, pictures):
    seen: list[Progress] = []
    find_usual(
        whole, tiles, grid=GRID, tiling=Tiling(mode="all"), pictures=pictures, roi_mask=EVERYWHERE,
        on_progress=seen.append,
    )  # fmt: skip
    assert [step.done for step in seen] == list(range(1, 13))


def test_constant_pictures_add_nothing(whole, tiles, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    for path in paths:
        Image.new("RGB", (96, 64)).save(path)
    card = usual(whole, tiles, paths)
    assert (card.map_gain, card.score_gain, set(card.levels)) == (0, 0, {0.0})


@pytest.mark.parametrize(
    ("size", "wanted", "count"), [((512, 512), 20, 20), ((512, 512), 500, 64), ((8192, 8192), 500, 8)]
)
def test_how_many_pictures_tell_it(size: tuple[int, int], wanted: int, count: int):
    assert usual_count(TileGrid(size, (256, 256), 0.25), wanted) == count
    assert usual_count(TileGrid(size, (256, 256), 0.25), 1) == 8
