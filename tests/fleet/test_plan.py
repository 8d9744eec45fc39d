from pathlib import Path

import pytest

from flawflow.errors import FleetError
from flawflow.fleet.plan import Asked, Product, read_products
from flawflow.recipe import Recipe

HEAD = '[products]\nbottle = "bottle"\n'


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return tmp_path / "plan.toml"


def read(plan: Path, text: str, **asked: object) -> dict[str, Product]:
    plan.write_text(text, "utf-8")
    return {product.name: product for product in read_products(plan, Asked(**asked))}  # type: ignore[arg-type]


def test_a_product_is_a_path_or_all_that_a_recipe_and_a_data_set_take(plan: Path):
    found = read(
        plan,
        """
        [defaults]
        preset = "fast"
        size = 128
        detector.blocks = 3
        [products]
        bottle = "/data/bottle"
        grid = { data = "grid", size = [64, 96], "detector.blocks" = 4, seed = 7, strides = [8, 16] }
        gate = { good = "s3://bucket/good", bad = "bad", masks = "masks", scene = "1", roi = "gate.png" }
        [products.cap]
        data = "cap"
        detector = "padim"
        "detector.channels" = 50
        preset = "balanced"
        weights = "hub"
        """,
    )
    fast = Recipe.of("fast", {"detector.blocks": 3}, size=128)
    assert [*found] == ["bottle", "grid", "gate", "cap"]
    assert found["bottle"].recipe == fast
    assert found["bottle"].source.data == "/data/bottle"
    assert found["grid"].recipe == fast.replace(
        {"detector.blocks": 4}, size=(64, 96), seed=7, strides=(8, 16)
    )
    # Paths count from the plan's folder; URLs are left alone.
    assert found["grid"].source.data == str(plan.parent / "grid")
    gate = found["gate"].source
    assert (gate.good, gate.scene) == ("s3://bucket/good", "1")
    assert (gate.bad, gate.masks) == (str(plan.parent / "bad"), str(plan.parent / "masks"))
    assert found["gate"].recipe.roi == str(plan.parent / "gate.png")
    assert found["cap"].recipe.preset == "balanced"
    assert found["cap"].recipe.detector.name == "padim"
    assert found["cap"].recipe.detector.options["channels"] == 50
    assert found["cap"].recipe.weights == "hub"


def test_the_command_line_counts_more(plan: Path, monkeypatch: pytest.MonkeyPatch):
    text = '[defaults]\npreset = "accurate"\nsize = 64\n[products]\na = { data = "a", size = 96 }\n'
    monkeypatch.chdir(plan.parent)
    settings = ("size=32", "roi=mask.png")
    (found,) = read(plan, text, preset="fast", settings=settings).values()
    assert (found.recipe.preset, found.recipe.size) == ("fast", 32)
    assert found.recipe.roi == str(plan.parent / "mask.png")


def test_a_folder_of_data_sets_is_a_plan(tmp_path: Path):
    for name in ("b/train/good", "a", "set/x/train/good", "set/y/train/good", "set/notes", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "readme.txt").touch()
    found = read_products(tmp_path, Asked(preset="fast", settings=("seed=3",)))
    assert {product.name: product.source.data for product in found} == {
        name: str(tmp_path / place)
        for name, place in (("a", "a"), ("b", "b"), ("x", "set/x"), ("y", "set/y"))
    }
    assert all(product.recipe == Recipe.of("fast", seed=3) for product in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "plans no product: write"),
        ("[products]\n", "plans no product"),
        ("products = 3\n", "products in .* must be a table"),
        (HEAD + 'bottle = "other"\n', "two products of one name, or one key twice"),
        (HEAD + 'Bottle = "other"\n', "Two products are named Bottle"),
        (HEAD + "grid = ", "cannot be read as TOML"),
        ("[product]\n", r"has 'product', which is not known; did you mean products\?"),
        (HEAD + "grid = 3\n", "grid must be a path or a table"),
        (HEAD + "grid = { size = 64 }\n", "grid has no pictures: give it data"),
        (HEAD + "grid = { data = 3 }\n", "grid must have text as data"),
        (
            HEAD + 'grid = { dat = "x" }\n',
            r"The product grid has 'dat', which is not known; did you mean data\?",
        ),
        (HEAD + 'grid = { data = "x", sise = 4 }\n', r"'sise', which is not known; did you mean size\?"),
        (
            "[defaults]\nsed = 3\n" + HEAD,
            r"\[defaults\] of .* has 'sed', which is not known; did you mean seed\?",
        ),
        ('[defaults]\ndata = "x"\n' + HEAD, "has 'data', which is not known"),
        (HEAD + 'grid = { data = "x", "detector.bloks" = 4 }\n', "The recipe of grid: .* no option bloks"),
        (HEAD + 'grid = { data = "x", size = "big" }\n', "The recipe of grid: size must be"),
        (HEAD + 'grid = { data = "x", preset = "slow" }\n', "The recipe of grid: There is no preset 'slow'"),
        (HEAD + 'grid = { data = "x", detector = "padmi" }\n', "The recipe of grid: There is no detector"),
        ('[products]\n"a/b" = "x"\n', "cannot be a product's name"),
        ('[products]\n".." = "x"\n', "cannot be a product's name"),
        (f'[products]\n{"a" * 201} = "x"\n', "cannot be a product's name"),
    ],
)
def test_half_a_plan_is_one_sentence(plan: Path, text: str, said: str):
    with pytest.raises(FleetError, match=said):
        read(plan, text)


def test_what_is_no_plan_is_one_sentence(tmp_path: Path):
    with pytest.raises(FleetError, match=r"plan\.toml cannot be read"):
        read_products(tmp_path / "plan.toml")
    with pytest.raises(FleetError, match="neither a plan"):
        read_products(tmp_path / "plan.yaml")
    with pytest.raises(FleetError, match="holds no folder"):
        read_products(tmp_path)
    (tmp_path / "train" / "good").mkdir(parents=True)
    with pytest.raises(FleetError, match="is one data set and not a folder of several: use flawflow train"):
        read_products(tmp_path)
