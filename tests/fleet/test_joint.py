"""What products need to be in one file, and in which order work is done."""

import dataclasses
from pathlib import Path

import pytest

from flawflow.errors import FleetError
from flawflow.fleet.joint import JointPlan, Pictured
from flawflow.fleet.plan import Product
from flawflow.fleet.source import Source
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts

RECIPE = Recipe.of("fast", size=32, calibration="split")


@dataclasses.dataclass(frozen=True)
class Here:
    device: str = "cpu"
    cores: int = 1
    gpus: int = 0


@pytest.fixture
def make(tmp_path: Path):
    """Make the plan of products of these recipes, by name."""
    draw_parts(tmp_path / "gears", train=8, test=1, size=32)

    def make_plan(**recipes: Recipe) -> JointPlan:
        source = Source(good=str(tmp_path / "gears" / "train" / "good"))
        products = [Product(name=name, source=source, recipe=recipe) for name, recipe in recipes.items()]
        pictured = [Pictured(product=product, dataset=source.open()) for product in products]
        return JointPlan(pictured, tmp_path / "work")

    return make_plan


def _written(plan: JointPlan) -> None:
    """Leave what the jobs would."""
    for job in (*plan.vector_jobs(Here()), *plan.flows_jobs(Here())):
        file = getattr(job.work, "output", None) or job.work.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")


def test_the_same_again_does_only_what_is_missing(make) -> None:
    plan = make(a=RECIPE, b=RECIPE.replace(size=64))
    assert [job.name for job in plan.vector_jobs(Here())] == ["a", "b"]
    plan.vector_jobs(Here())[0].work.file.parent.mkdir(parents=True)
    plan.vector_jobs(Here())[0].work.file.write_bytes(b"")
    assert [job.name for job in plan.vector_jobs(Here())] == ["b"]
    assert [job.name for job in plan.flows_jobs(Here())] == ["shared flows"]
    _written(plan)
    assert plan.vector_jobs(Here()) == plan.flows_jobs(Here()) == []
    products = plan.products()
    assert [product.recipe.flows for product in products] == [str(plan.flows.absolute())] * 2
    assert [product.recipe.replace(flows=None) for product in products] == [RECIPE, RECIPE.replace(size=64)]
    # Vectors are of no use once the flows are there.
    assert [path.name for path in plan.folder.rglob("*") if path.is_file()] == [plan.flows.name]


def test_another_recipe_learns_other_flows(make) -> None:
    plan = make(a=RECIPE)
    _written(plan)
    plan.products()
    other = make(a=RECIPE.replace({"detector.steps": 7}))
    assert other.flows != plan.flows
    assert [job.name for job in other.vector_jobs(Here())] == ["a"]
    _written(other)
    other.products()
    assert not plan.flows.exists()


def test_products_whose_pictures_all_calibrate_teach_the_flows_nothing(make) -> None:
    cross = RECIPE.replace(calibration="cross")
    plan = make(a=RECIPE, b=cross)
    assert [job.name for job in plan.vector_jobs(Here())] == ["a"]
    assert [product.name for product in plan.products()] == ["a", "b"]
    with pytest.raises(FleetError, match='give calibration = "split" to some or all'):
        make(a=cross, b=cross)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"detector": "padim"}, r"The product b: the detector padim has no flows to share"),
        ({"detector.block": "residual"}, r"The product b: these flows cannot become a model file"),
        ({"tiles": "all"}, r"The product b: tiles have flows of their own"),
        ({"seed": 4}, r"The product b has seed = 4 and others have 0: products of one file share it"),
        ({"detector.blocks": 3}, r"The product b has detector.blocks = 3 and others have 2"),
        ({"encoder": "resnet18"}, r"The product b has encoder = 'resnet18' and others have 'lite0'"),
    ],
)
def test_what_cannot_be_shared_is_refused(make, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        make(a=RECIPE, b=RECIPE.replace(changes))


@pytest.mark.parametrize("name", ["auto", "a#b"])
def test_names_that_mean_something_else_are_refused(make, name: str) -> None:
    with pytest.raises(FleetError, match="cannot be a product's name in one file of many"):
        make(**{name: RECIPE})


def test_what_is_a_products_own_may_differ(make) -> None:
    make(a=RECIPE, b=RECIPE.replace({"size": 64, "augment": "auto", "aggregation.tail": 0.1}))
