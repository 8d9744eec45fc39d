"""Drawn parts, recipes that learn in a moment, and models that they made."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from flawflow.datasets import open_dataset
from flawflow.recipe import Recipe
from flawflow.storage.files import beside
from flawflow.synthetic import draw_parts
from flawflow.training.model import InspectionModel
from flawflow.training.prepare import FittedModel, fit_model
from flawflow.training.train import TrainingResult, train

Learn = Callable[..., TrainingResult]

# A small encoder of random weights, small pictures and one training.
SMALL: dict[str, Any] = {
    "encoder": "test_efficientnet",
    "weights": "random",
    "size": (64, 64),
    "calibration": "split",
}


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn parts of 64 × 64: twelve to learn from, two good ones and two of each defect to test with."""
    folder = tmp_path_factory.mktemp("drawn") / "parts"
    draw_parts(folder, train=12, test=2, size=64)
    return folder


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    """The default detector, small: 40 steps a scale."""
    options = {"steps": 40, "blocks": 2, "hidden": 16, "position_channels": 8, "batch": 128}
    recipe = Recipe.of("balanced", {f"detector.{name}": value for name, value in options.items()}, **SMALL)
    return dataclasses.replace(recipe, preset="tiny")


@pytest.fixture(scope="session")
def tiny_paper_recipe() -> Recipe:
    """The paper's recipe for three passes."""
    return Recipe.of("paper", {"detector.passes": 3}, **SMALL)


@pytest.fixture(scope="session")
def learn(parts: Path, tiny_recipe: Recipe) -> Learn:
    """`train` on the CPU by the tiny recipe, with changes."""

    def learn_from_parts(
        output: Path,
        *,
        data: Any = parts,
        recipe: Recipe = tiny_recipe,
        changes: dict[str, Any] | None = None,
        **how: Any,
    ) -> TrainingResult:
        return train(data, output, recipe.replace(changes), **{"device": "cpu", **how})

    return learn_from_parts


@pytest.fixture(scope="session")
def learn_only(parts: Path, tiny_recipe: Recipe) -> Callable[..., FittedModel]:
    """Learn likewise, but leave the export out, which takes longer than all the rest."""

    def learn_without_export(
        output: Path,
        *,
        data: Path = parts,
        recipe: Recipe = tiny_recipe,
        changes: dict[str, Any] | None = None,
        **how: Any,
    ) -> FittedModel:
        folder = beside(output, ".training")
        return fit_model(open_dataset(data), folder, recipe.replace(changes), device="cpu", **how)

    return learn_without_export


@pytest.fixture(scope="session")
def learn_weights(learn_only: Callable[..., FittedModel]) -> Callable[..., dict[str, Tensor]]:
    """Learn, and give all learned numbers."""

    def weights(output: Path, **given: Any) -> dict[str, Tensor]:
        model = learn_only(output, **given).model
        return model.detector.state_dict() | model.head.state_dict()

    return weights


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model file and the module that it was exported from."""

    result: TrainingResult
    model: InspectionModel


@pytest.fixture(scope="session")
def trained(
    learn: Learn, learn_only: Callable[..., FittedModel], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Trained]:
    """Train once for each name; gives the same training again afterwards."""
    made: dict[str, Trained] = {}

    def trained_as(name: str, **given: Any) -> Trained:
        if name not in made:
            output = tmp_path_factory.mktemp("models") / f"{name}.flaw"
            result = learn(output, keep_work=True, **given)
            learned = learn_only(output, resume=True, **given)
            learned.work.remove()
            made[name] = Trained(result, learned.model)
        return made[name]

    return trained_as
