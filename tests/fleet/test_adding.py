"""What a product must be to be added; what comes of it, `tests/cli/test_fleet_joint.py` tries."""

from pathlib import Path

import pytest

from flawflow.datasets import Dataset, open_dataset
from flawflow.errors import FlawflowError
from flawflow.fleet.adding import Adding
from flawflow.model_file import JointFile, read_joint, write_joint
from flawflow.model_file.card import Card
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts
from flawflow.training.shared_flows import SharedFlows

RECIPE = Recipe.of("fast", size=32)


@pytest.fixture
def joint(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> JointFile:
    options = {f"detector.{name}": value for name, value in RECIPE.detector.options.items()}
    flows = SharedFlows({"seed": 0, **options}, {}, RECIPE)
    path = tmp_path / "plant.flaw"
    write_joint(path, {"lid": (tiny_graph, tiny_card)}, flows=flows.to_bytes())
    return read_joint(path)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    draw_parts(tmp_path / "gears", train=8, test=1, size=32)
    return open_dataset(tmp_path / "gears" / "train" / "good")


def test_a_recipe_is_the_others_but_for_what_is_its_own(
    joint: JointFile, dataset: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    adding = Adding.of(joint, "cap", dataset, ("size=64",), folder)
    assert adding.recipe.size == 64
    assert adding.recipe.replace(flows=None) == RECIPE.replace(size=64)
    assert Path(str(adding.recipe.flows)).read_bytes() == joint.flows
    with pytest.raises(FlawflowError, match="To compare takes good and defective test pictures"):
        adding.measured()
    adding.clear()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("lid", (), "There is a product lid already"),
        ("auto", (), "cannot be a product's name in one file"),
        ("a/b", (), "cannot be a product's name"),
        ("cap", ("detector.blocks=4",), "The product cap has detector.blocks = 4 and others have 2"),
        ("cap", ("tiles=all",), "tiles have flows of their own"),
        ("cap", ("nothing",), "sets nothing"),
    ],
)
def test_what_cannot_be_added_is_refused_before_work(
    joint: JointFile, dataset: Dataset, tmp_path: Path, name: str, settings: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(FlawflowError, match=sentence):
        Adding.of(joint, name, dataset, settings, tmp_path / "work")
    assert not (tmp_path / "work").exists()
