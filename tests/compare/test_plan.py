import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from flawflow.compare.plan import Variant, open_categories, plan_runs
from flawflow.errors import DatasetError
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts


@pytest.fixture
def gears(tmp_path: Path) -> Path:
    draw_parts(tmp_path / "gears", train=2, test=1, size=32)
    return tmp_path / "gears"


def key(folder: Path, variant: Variant, seed: int = 0) -> str:
    (run,) = plan_runs([variant], open_categories([folder]), [seed])
    return run.key


def test_the_key_holds_what_decides_the_result_and_nothing_else(gears: Path, tmp_path: Path):
    variant = Variant(label="a", recipe=Recipe.of(detector="padim"))
    first = key(gears, variant)
    assert key(gears, replace(variant, label="b")) == first
    moved = tmp_path / "elsewhere" / "wheels"
    shutil.copytree(gears, moved)
    assert key(moved, variant) == first
    others = [
        key(gears, variant, seed=1),
        *(
            key(gears, replace(variant, recipe=variant.recipe.replace(changes)))
            for changes in (
                {"detector": "spade"},
                {"encoder": "resnet18"},
                {"weights": "random"},
                {"size": (128, 256)},
                {"detector.channels": 8},
                {"aggregation.tail": 0.5},
            )
        ),
    ]
    assert len({first, *others}) == 8


def test_the_content_of_a_weights_file_counts(gears: Path, tmp_path: Path):
    weights = tmp_path / "w.pth"
    weights.write_bytes(b"1")
    variant = Variant(label="a", recipe=Recipe.of(weights=weights))
    first = key(gears, variant)
    weights.write_bytes(b"2")
    assert key(gears, variant) != first


def test_runs_go_category_by_category(gears: Path, tmp_path: Path):
    shutil.copytree(gears, tmp_path / "wheels")
    variants = [Variant(label="a"), Variant(label="b", recipe=Recipe.of(detector="padim"))]
    runs = plan_runs(variants, open_categories([gears, tmp_path / "wheels"]), [0, 1])
    assert [(run.dataset.name, run.seed, run.variant.label) for run in runs] == [
        (name, seed, label) for name in ("gears", "wheels") for seed in (0, 1) for label in ("a", "b")
    ]


def test_a_folder_of_categories_stands_for_all_of_them(gears: Path):
    shutil.copytree(gears, gears.parent / "wheels")
    assert [dataset.name for dataset in open_categories([gears.parent])] == ["gears", "wheels"]


def test_two_of_one_name_are_refused(gears: Path, tmp_path: Path):
    shutil.copytree(gears, tmp_path / "more" / "gears")
    with pytest.raises(DatasetError, match="named gears"):
        open_categories([gears, tmp_path / "more" / "gears"])


@pytest.mark.parametrize(("kept", "missing"), [("good", "defective"), ("scratch", "good")])
def test_both_kinds_of_test_pictures_are_needed(gears: Path, kept: str, missing: str):
    for folder in (gears / "test").iterdir():
        if folder.name != kept:
            shutil.rmtree(folder)
    with pytest.raises(DatasetError, match=f"no {missing} test pictures"):
        open_categories([gears])
