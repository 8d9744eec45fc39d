"""A model of tiles: from good pictures to one file that inspects both ways."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from flawflow import Inspector, evaluate
from flawflow.errors import DatasetError, FlawflowError
from flawflow.images import read_image
from flawflow.images.tiling import TileGrid
from flawflow.inspection.tiled import chosen_tiles
from flawflow.model_file import ModelFile, read_model
from flawflow.recipe import Recipe
from flawflow.report.page import facts_of
from flawflow.synthetic import draw_parts
from flawflow.training.encoder import build_encoder
from flawflow.training.tiles import _unmasked, drawn_for_tiles, tile_grid
from flawflow.training.train import TrainingResult

SIDE, TILE = 160, 64


@pytest.fixture(scope="module")
def large_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "large"
    draw_parts(folder, train=20, test=2, size=SIDE)
    return folder


@pytest.fixture(scope="module")
def learned(
    learn: Callable[..., Any], large_parts: Path, tmp_path_factory: pytest.TempPathFactory
) -> TrainingResult:
    output = tmp_path_factory.mktemp("models") / "tiles.flaw"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flawflow.training.tiles._MOST_TILES", 128)
        result: TrainingResult = learn(output, data=large_parts, changes={"tiles": "doubtful"})
    return result


def with_all(path: Path) -> Inspector:
    """The model, inspecting all tiles."""
    model = read_model(path)
    assert model.card.tiles is not None
    card = replace(model.card, tiles=replace(model.card.tiles, mode="all"))
    return Inspector.of(ModelFile(graph=model.graph, card=card, sha256=""))


@pytest.mark.slow
def test_one_file_holds_both_and_its_card_says_so(learned: TrainingResult, large_parts: Path) -> None:
    card = learned.card
    assert card == Inspector.load(learned.model).card
    tiles = card.tiles
    assert tiles is not None
    assert (tiles.mode, tiles.size, tiles.tile) == ("doubtful", (SIDE, SIDE), (TILE, TILE))
    assert 0 <= tiles.mean_count <= len(tiles.grid.tiles) == 9
    assert len(set(tiles.levels)) > 1
    assert tiles.map_gain > 0 < tiles.score_gain
    # Of 20 good pictures three calibrate, and of the others eight tell what is usual.
    assert (card.training.image_count, len(card.calibration.scores)) == (9, 3)
    graph = onnx.load_from_string(read_model(learned.model).graph).graph
    assert tuple(output.name for output in graph.output) == (
        "anomaly_map",
        "pred_score",
        "whole_evidence",
        "tile_map",
        "tile_score",
    )
    assert "9 tiles of 64 × 64 pixels at 160 × 160" in dict(facts_of(card))["Tiles"]
    assert "as a whole and in about 25% of the 9 tiles" in " ".join(learned.notes)
    measured = evaluate(learned.model, large_parts)
    assert measured.image_count == len(list((large_parts / "test").rglob("*.png")))


@pytest.mark.slow
def test_engines_agree_and_no_torch_is_imported(learned: TrainingResult, large_parts: Path) -> None:
    paths = sorted((large_parts / "test").rglob("*.png"))[:4]
    for path in paths:
        one, other = (
            Inspector.load(learned.model, engine=engine).inspect(path)
            for engine in ("onnxruntime", "openvino")
        )
        scale = max(1.0, float(np.abs(one.graph_map).max()))
        np.testing.assert_allclose(other.graph_map, one.graph_map, atol=1e-3 * scale)
        assert other.score == pytest.approx(one.score, rel=1e-3)
    code = (
        "import sys; from flawflow import Inspector; "
        f"Inspector.load({str(learned.model)!r}).inspect({str(paths[0])!r}); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_whether_a_tile_is_inspected_follows_from_the_whole_picture(
    learned: TrainingResult, large_parts: Path
) -> None:
    doubtful, every = Inspector.load(learned.model), with_all(learned.model)
    tiles = doubtful.card.tiles
    assert tiles is not None
    model = read_model(learned.model)
    bare = Inspector.of(replace(model, card=replace(model.card, tiles=None)))
    counts = []
    for path in sorted((large_parts / "test").rglob("*.png")):
        picture = read_image(path)
        (whole_map, whole), (_, some), (_, most) = (each.measure(picture) for each in (bare, doubtful, every))
        # One tile more may lower what its neighbour counts for where both overlap.
        assert whole <= min(some, most) + 1e-4
        counts.append(len(chosen_tiles(tiles, whole_map, bare.roi_mask)))
        if not counts[-1]:
            assert some == pytest.approx(whole, rel=1e-6)
    assert max(counts) > 0


@pytest.mark.slow
def test_seams_are_no_more_than_other_tiles_change(learned: TrainingResult, large_parts: Path) -> None:
    inspector = with_all(learned.model)
    grid = inspector.card.tiles.grid  # type: ignore[union-attr]
    picture = read_image(sorted((large_parts / "test" / "good").iterdir())[0])
    starts = sorted({tile.top for tile in grid.tiles})[1:]
    for shown in (np.full_like(picture, 128), picture):
        anomaly_map, _ = inspector.measure(shown)
        steps = np.abs(np.diff(anomaly_map, axis=0)).mean(axis=1)
        # From one row to the next the map changes no more where a tile begins than it does elsewhere.
        others = np.delete(steps, [start - 1 for start in starts])
        assert max(steps[start - 1] for start in starts) <= others.max()


def test_a_region_of_interest_is_one_of_whole_pictures() -> None:
    encoder = build_encoder("test_efficientnet", weights="random", size=(TILE, TILE), seed=0)
    images = torch.randint(0, 256, (1, TILE, TILE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        plain = encoder(images)
        assert _unmasked(encoder) is encoder
        mask = torch.ones(TILE, TILE, dtype=torch.bool)
        mask[:, TILE // 2 :] = False
        encoder.roi_mask = mask
        masked, without = encoder(images), _unmasked(encoder)(images)
    assert encoder.roi_mask is mask
    for one, other, own in zip(plain, without, masked, strict=True):
        assert torch.equal(one, other)
        assert not torch.equal(one, own)


def test_the_grid_follows_from_pictures_and_scale(large_parts: Path) -> None:
    paths = sorted((large_parts / "train").rglob("*.png"))
    recipe = Recipe(size=(TILE, TILE))
    assert tile_grid(recipe, paths) == (None, ())
    grid, (said,) = tile_grid(recipe.replace(tiles="all"), paths)
    assert grid == TileGrid((SIDE, SIDE), (TILE, TILE), 0.25)
    assert said.endswith("as a whole and in all 9 tiles of 64 × 64 at 160 × 160.")
    half, _ = tile_grid(recipe.replace({"tiles.scale": 0.5}, tiles="all"), paths)
    assert half == TileGrid((80, 80), (TILE, TILE), 0.25)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": (160, 160)}, "no larger than a tile of 160 × 160"),
        ({"calibration": "cross"}, "with tiles choose the calibration split"),
        ({"detector.flow": "i-resnet"}, "Tiles need a model file"),
    ],
)
def test_what_has_no_tiles(
    learn_only: Callable[..., Any], large_parts: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(FlawflowError, match=message):
        learn_only(tmp_path / "a.flaw", data=large_parts, changes={"tiles": "all", **changes})


def test_some_pictures_tell_what_is_usual_and_nothing_else() -> None:
    grid = TileGrid((SIDE, SIDE), (TILE, TILE), 0.25)
    paths = [Path(f"{number}.png") for number in range(300)]
    chosen = drawn_for_tiles(paths, grid, 0)
    assert len(set(chosen)) == 30
    assert chosen == drawn_for_tiles(paths, grid, 0) != drawn_for_tiles(paths, grid, 1)
    assert len(drawn_for_tiles(paths[:16], grid, 0)) == 8
    with pytest.raises(DatasetError, match="give 16 or more"):
        drawn_for_tiles(paths[:15], grid, 0)
