"""A training that was stopped anywhere goes on to the very same weights."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from flawflow.errors import TrainingError
from flawflow.progress import Progress
from flawflow.recipe import Recipe

LearnWeights = Callable[..., dict[str, Tensor]]


@pytest.fixture(autouse=True)
def _kept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flawflow.training.detectors.fitting._STEPS_PER_CHECKPOINT", 15)


@pytest.fixture(scope="session")
def uninterrupted(
    learn_weights: LearnWeights, tiny_recipe: Recipe, tiny_paper_recipe: Recipe, tmp_path_factory: Any
) -> dict[str, dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("whole")
    return {
        recipe.preset: learn_weights(folder / f"{recipe.preset}.flaw", recipe=recipe)
        for recipe in (tiny_recipe, tiny_paper_recipe)
    }


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def interrupt(learn: Callable[..., Any], output: Path, stage: str, share: float, **options: Any) -> None:
    """Train until a share of a stage is done, and stop as Ctrl-C does."""

    def stop(progress: Progress) -> None:
        if progress.stage == stage and progress.done >= share * progress.total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(output, on_progress=stop, **options)
    assert not output.exists()


STOPS = [("Features", 0.5), ("Flows", 0.02), ("Flows", 0.3), ("Flows", 0.5), ("Flows", 0.67)]
STOPS += [("Flows", 0.95), ("Flows", 1.0), ("Writing the model", 0.0)]


@pytest.mark.parametrize(("stage", "share"), STOPS)
@pytest.mark.parametrize("name", ["tiny_recipe", "tiny_paper_recipe"])
def test_interrupted_and_resumed_is_uninterrupted(
    *,
    name: str,
    stage: str,
    share: float,
    learn: Callable[..., Any],
    learn_weights: LearnWeights,
    uninterrupted: dict[str, dict[str, Tensor]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    recipe = request.getfixturevalue(name)
    interrupt(learn, tmp_path / "a.flaw", stage, share, recipe=recipe)
    assert (tmp_path / "a.flaw.training" / "plan.json").is_file()
    resumed = learn_weights(tmp_path / "a.flaw", recipe=recipe, resume=True)
    assert same(resumed, uninterrupted[recipe.preset])


def test_work_that_is_done_is_not_done_again(
    learn_weights: LearnWeights, tiny_paper_recipe: Recipe, tmp_path: Path
) -> None:
    interrupt(learn_weights, tmp_path / "a.flaw", "Flows", 0.9, recipe=tiny_paper_recipe)
    seen: list[Progress] = []
    learn_weights(tmp_path / "a.flaw", recipe=tiny_paper_recipe, resume=True, on_progress=seen.append)
    assert [step.done for step in seen if step.stage == "Flows"] == [3], "two of three passes were kept"


def test_stopped_again_and_again(
    learn_weights: LearnWeights, uninterrupted: dict[str, dict[str, Tensor]], tmp_path: Path
) -> None:
    output = tmp_path / "a.flaw"
    interrupt(learn_weights, output, "Flows", 0.3)
    interrupt(learn_weights, output, "Flows", 0.6, resume=True)
    interrupt(learn_weights, output, "Flows", 0.9, resume=True)
    assert same(learn_weights(output, resume=True), uninterrupted["tiny"])


def test_without_resume_it_starts_anew(
    learn_weights: LearnWeights, uninterrupted: dict[str, dict[str, Tensor]], tmp_path: Path
) -> None:
    interrupt(learn_weights, tmp_path / "a.flaw", "Flows", 0.6, changes={"seed": 1})
    assert same(learn_weights(tmp_path / "a.flaw"), uninterrupted["tiny"])


@pytest.mark.parametrize(("option", "value"), [("seed", 1), ("size", (64, 96)), ("encoder", "test_resnet")])
def test_other_options_are_refused(
    option: str, value: Any, learn_weights: LearnWeights, tmp_path: Path
) -> None:
    interrupt(learn_weights, tmp_path / "a.flaw", "Flows", 0.6)
    with pytest.raises(TrainingError, match=rf"of another plan \(different: .*{option}.*leave out --resume"):
        learn_weights(tmp_path / "a.flaw", resume=True, changes={option: value})


@pytest.mark.parametrize("name", ["tiny_recipe", "tiny_paper_recipe"])
def test_damaged_work_is_told(
    name: str, learn_weights: LearnWeights, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    recipe = request.getfixturevalue(name)
    interrupt(learn_weights, tmp_path / "a.flaw", "Flows", 0.9, recipe=recipe)
    for path in (tmp_path / "a.flaw.training").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(TrainingError, match=r"safetensors is damaged .* leave out --resume"):
        learn_weights(tmp_path / "a.flaw", recipe=recipe, resume=True)


_TRAINING = """
import sys
from pathlib import Path
from flawflow.training import train as t
from flawflow.training.detectors import fitting
from flawflow.recipe import Recipe
fitting._KEEP_EVERY = 5
options = {"steps": 40, "blocks": 2, "hidden": 16, "position_channels": 8, "batch": 128}
recipe = Recipe.of("balanced", {f"detector.{name}": value for name, value in options.items()},
    encoder="test_efficientnet", weights="random", size=(64, 64), calibration="split")
t.train(Path(sys.argv[1]), Path(sys.argv[2]), recipe, device="cpu", resume=True,
    on_progress=lambda p: print(p.stage, p.done, flush=True))
"""


@pytest.mark.slow
def test_killed_and_resumed_is_uninterrupted(
    learn_weights: LearnWeights, uninterrupted: dict[str, dict[str, Tensor]], parts: Path, tmp_path: Path
) -> None:
    output = tmp_path / "a.flaw"
    for lines, pause in ((3, 0.011), (18, 0.004)):
        with subprocess.Popen(
            [sys.executable, "-c", _TRAINING, str(parts), str(output)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in range(lines)]
            assert all(told), "the training ended before it could be killed"
            time.sleep(pause)
            process.kill()
        assert process.returncode == -9
        assert not output.exists()
    assert same(learn_weights(output, resume=True), uninterrupted["tiny"])
