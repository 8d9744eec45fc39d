"""Pictures in tiles: one map without seams and one score, in any batch, engine and number of threads."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flawflow.decision.roi import encode_run_lengths
from flawflow.errors import ImageTooLargeError, ModelFileError
from flawflow.images.tiling import TileGrid
from flawflow.inspection import Inspector
from flawflow.inspection.adapt import adapt
from flawflow.inspection.calibrate import Measurement, measure_good, recalibrate
from flawflow.inspection.tiled import chosen_tiles
from flawflow.model_file import ModelFile, write_model
from flawflow.model_file.card import Card

from .tiled_model import SIZE, tile_card, tiled_graph, with_tiles

GRID = TileGrid((96, 112), SIZE, 0.25)
EVERYWHERE = np.ones(SIZE, np.bool_)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory, tiny_card: Card) -> Callable[..., Inspector]:
    """Load a model with tiles, with changes of its card for tiles and of the card; each once."""
    folder = tmp_path_factory.mktemp("tiled")
    made: dict[str, Inspector] = {}

    def loaded(*, engine: str = "onnxruntime", threads: int = 1, card: Card = tiny_card, **changes):
        key = repr((engine, threads, card.roi_run_lengths, sorted(changes.items())))
        if key not in made:
            path = folder / f"{len(made)}.flaw"
            write_model(path, tiled_graph(), with_tiles(card, tile_card(GRID, **changes)))
            made[key] = Inspector.load(path, engine=engine, threads=threads)
        return made[key]

    return loaded


def spotted(top: int, left: int, side: int = 4) -> np.ndarray:
    """A black picture of the grid's size with a small white square."""
    picture = np.zeros((*GRID.size, 3), np.uint8)
    picture[top : top + side, left : left + side] = 255
    return picture


def blurred(picture: np.ndarray) -> np.ndarray:
    """The brightness of a picture, blurred 3 × 3 as the graph does it, in [0, 1]."""
    padded = np.pad(picture.mean(axis=2) / 255, 1)
    shape = picture.shape[0], picture.shape[1]
    return sum(padded[y : y + shape[0], x : x + shape[1]] for y in range(3) for x in range(3)) / 9


@settings(max_examples=25)
@given(level=st.integers(0, 255))
def test_a_constant_picture_has_a_map_without_seams(load, level):
    anomaly_map, _ = load(map_gain=1.0).measure(np.full((*GRID.size, 3), level, np.uint8))
    # Away from the edge of the picture, where the blur sees black; a tile's own edge counts for nothing.
    inside = anomaly_map[6:-6, 6:-6]
    # At the edge of a tile its own map falls by a third, and its weight is at most half a pixel's.
    assert inside.max() - inside.min() <= level / 255 * 2 * (1 / 3) * (0.5 / 8) * 2 + 1e-6


@settings(max_examples=25)
@given(top=st.integers(4, 40), left=st.integers(4, 40), down=st.integers(0, 40), right=st.integers(0, 50))
def test_a_pattern_that_moves_takes_its_map_along(load, top, left, down, right):
    # No gain of the whole picture's map: that is one of another resolution.
    inspector = load(map_gain=1e6)
    here, there = (
        inspector.measure(spotted(y, x))[0] / 2e6 for y, x in ((top, left), (top + down, left + right))
    )
    one = here[top - 2 : top + 6, left - 2 : left + 6]
    other = there[top + down - 2 : top + down + 6, left + right - 2 : left + right + 6]
    # Where a tile's edge cuts the blur, its weight is at most half a pixel's of eight.
    np.testing.assert_allclose(one, other, atol=2 * (1 / 3) * (0.5 / 8) * 2)


@settings(max_examples=25)
@given(seed=st.integers(0, 999))
def test_the_map_is_what_both_say_together(load, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (*GRID.size, 3), np.uint8)
    inspector = load()
    with_none = load(mode="doubtful", high=-1.0)
    whole, score = with_none.measure(picture)
    anomaly_map, more = inspector.measure(picture)
    added = (anomaly_map - whole) / 0.5
    assert np.abs(added - 2 * blurred(picture)).max() < 2 * (1 / 3)
    assert more == pytest.approx(score + max(0, float(added.max()) - 0.25), abs=1e-5)


def test_what_is_small_is_seen_in_tiles_alone(load):
    spot = spotted(50, 70)
    without = load(mode="doubtful", high=-1.0).inspect(spot)
    assert (without.verdict, without.graph_map.shape) == ("OK", GRID.map_size)
    found = load().inspect(spot)
    assert found.verdict == "NG"
    assert found.graph_map.shape == found.anomaly_map.shape == GRID.size
    (region,) = found.regions
    np.testing.assert_allclose(region.box, (70, 50, 74, 54), atol=1)


def test_regions_are_in_the_pictures_own_coordinates(load):
    large = spotted(50, 70).repeat(2, axis=0).repeat(2, axis=1)
    found = load().inspect(large)
    assert found.anomaly_map.shape == (192, 224)
    (region,) = found.regions
    np.testing.assert_allclose(region.box, (140, 100, 148, 108), atol=3)


def test_tiles_add_evidence_and_take_none_away(load, rng):
    for _ in range(10):
        picture = rng.integers(0, 256, (*GRID.size, 3), np.uint8)
        scores = [
            load(mode="doubtful", high=-1.0).measure(picture)[1],
            load(mode="doubtful", lows=(0.45,) * len(GRID.tiles), high=2.0).measure(picture)[1],
            load().measure(picture)[1],
        ]
        assert scores == sorted(scores)


def test_doubtful_tiles_are_those_between_two_limits():
    whole = np.zeros(SIZE, np.float32)
    whole[2, 3], whole[20, 20] = 0.3, 0.9
    lows = [0.1] * len(GRID.tiles)
    lows[0] = 0.35
    card = tile_card(GRID, mode="doubtful", lows=tuple(lows))
    first = [tile.number for tile in GRID.tiles if (slice(0), slice(0)) != GRID.within(tile, SIZE)]
    assert first == list(range(len(GRID.tiles)))
    seen = {tile.number for tile in GRID.tiles if _holds(tile, 2, 3)} - {0}
    sure = {tile.number for tile in GRID.tiles if _holds(tile, 20, 20)}
    found = {tile.number for tile in chosen_tiles(card, whole, EVERYWHERE)}
    assert found == seen - sure
    assert len(chosen_tiles(tile_card(GRID), whole, EVERYWHERE)) == len(GRID.tiles)


def _holds(tile, row: int, column: int) -> bool:
    rows, columns = GRID.within(tile, SIZE)
    return rows.start <= row < rows.stop and columns.start <= column < columns.stop


@pytest.mark.parametrize("mode", ["all", "doubtful"])
def test_a_score_belongs_to_its_picture(load, rng, mode):
    pictures = [rng.integers(0, top, (*GRID.size, 3), np.uint8) for top in (40, 90, 160, 256)]
    wide = {"mode": mode, "lows": (0.15,) * len(GRID.tiles), "high": 0.6}
    alone = [load(threads=1, **wide).measure(picture) for picture in pictures]
    assert len({score for _, score in alone}) == len(alone)
    for inspector in (load(threads=1, **wide), load(threads=3, **wide)):
        for outcome, (anomaly_map, score) in zip(
            inspector.inspect_many(pictures * 3, workers=3), alone * 3, strict=True
        ):
            assert outcome.score == score
            np.testing.assert_array_equal(outcome.graph_map, anomaly_map)
    for picture, (anomaly_map, score) in zip(pictures, alone, strict=True):
        found_map, found = load(engine="openvino", **wide).measure(picture)
        assert found == pytest.approx(score, abs=1e-5)
        np.testing.assert_allclose(found_map, anomaly_map, atol=1e-5)


def test_what_does_not_count_adds_nothing(load, tiny_card):
    mask = EVERYWHERE.copy()
    mask[:, 16:] = False
    card = dataclasses.replace(tiny_card, roi_run_lengths=encode_run_lengths(mask))
    inspector = load(card=card)
    (left, right) = (inspector.measure(spotted(40, column)) for column in (20, 80))
    assert left[1] > 1
    # The graph's own score knows no mask here; the tiles added nothing to it.
    assert right[1] == load(card=card, mode="doubtful", high=-1.0).measure(spotted(40, 80))[1]
    assert right[0][:, 60:].max() == right[0][:, :56].min()
    assert {tile.left for tile in chosen_tiles(inspector.card.tiles, left[0], mask)} == {0, 20, 40}


def test_calibration_measures_tiles_too(load, tmp_path, rng):
    from PIL import Image

    inspector = load()
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for path in paths:
        Image.fromarray(rng.integers(0, 60, (*GRID.size, 3), np.uint8)).save(path)
    measured = list(measure_good(inspector.measure_prepared, paths, inspector.roi_mask))
    assert [each.score for each in measured] == [inspector.inspect(path).score for path in paths]
    assert all(isinstance(each, Measurement) for each in measured)
    assert [each.max_value for each in measured] == [
        float(inspector.inspect(path).graph_map.max()) for path in paths
    ]
    card = recalibrate(inspector.card, measured)
    assert card.calibration.scores == tuple(sorted(each.score for each in measured))
    assert card.tiles == inspector.card.tiles
    other = inspector.with_calibration(card.calibration)
    assert other.measure(paths[0])[1] == measured[0].score


def test_limits_of_pixels_hold(load):
    with pytest.raises(ImageTooLargeError, match="more than the limit of 1,000"):
        load().inspect(spotted(1, 1), max_pixels=1000)


def test_an_engine_for_tiles_belongs_to_a_card_with_them(load, tiny_model):
    with pytest.raises(ValueError, match="takes an engine for them"):
        Inspector(None, load().card)
    assert Inspector.load(tiny_model).card.tiles is None


def test_other_numbers_of_tiles_are_refused(load):
    tiles = tile_card(GRID)
    wrong = dataclasses.replace(tiles.canaries[0], score=9.0)
    with pytest.raises(ModelFileError, match="does not compute the same"):
        load(canaries=(wrong, *tiles.canaries[1:]))


def test_an_adaptation_to_light_is_refused(tiny_card):
    model = ModelFile(graph=tiled_graph(), card=with_tiles(tiny_card, tile_card(GRID)), sha256="")
    with pytest.raises(ModelFileError, match="tiles, which an adaptation does not reach"):
        adapt(model, [])
