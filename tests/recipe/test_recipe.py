"""A recipe is one thing under one set of names, whole in JSON, and says what differs."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import RecipeError
from flawflow.recipe import PRESET_SUMMARIES, PRESETS, Recipe
from flawflow.recipe.chosen import DetectorRecipe
from flawflow.recipe.options import FLOWS
from flawflow.recipe.registry import DETECTORS
from flawflow.recipe.text import as_setting, setting
from flawflow.typed import parse

# A value for each name that is another than any preset's.
OTHERS = {
    "encoder": "resnet18", "weights": "random", "strides": (8, 32), "reflect_padding": True,
    "size": (96, 128), "every": 3, "detector.blocks": 5, "detector.noise": 0.25,
    "detector.coupling": "additive", "detector.actnorm": True, "aggregation.tail": 0.125,
    "aggregation.by_position": False, "seed": 2**63 - 1, "calibration": "split", "roi": "a=b, c.png",
    "ignore": "7", "exclude_suspects": True, "augment": "auto", "robust": True, "views": 2,
    "augmentation.degrees": 90.0, "augmentation.light": 0.5, "augmentation.flips": True,
    "tiles.mode": "doubtful", "tiles.overlap": 0.5, "tiles.scale": 0.75, "tiles.share": 0.125,
}  # fmt: skip

recipes = st.builds(
    Recipe.of,
    st.sampled_from(["fast", "balanced", "accurate"]),
    st.lists(st.sampled_from(sorted(OTHERS)), unique=True).map(
        lambda names: {name: OTHERS[name] for name in names}
    ),
)


@given(recipes)
def test_json_keeps_it_whole(recipe: Recipe):
    assert parse(Recipe, json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe
    assert json.loads(json.dumps(recipe.decisive())).keys() == recipe.decisive().keys()


@given(recipes)
def test_changes_are_what_differs_and_enough(recipe: Recipe):
    changes = recipe.changes()
    assert changes.keys() <= OTHERS.keys()
    assert Recipe.of(recipe.preset, changes) == recipe


@given(recipes)
def test_a_command_line_says_all_of_it(recipe: Recipe):
    found = Recipe.of(recipe.preset)
    for name, value in recipe.changes().items():
        found = setting(found, as_setting(name, value))
    assert found == recipe


@pytest.mark.parametrize("name", OTHERS)
def test_each_change_is_another_recipe(name: str):
    recipe = Recipe().replace({name: OTHERS[name]})
    assert recipe.changes() == {name: OTHERS[name]}
    assert recipe.fingerprint() != Recipe().fingerprint()


def test_the_presets_name_decides_nothing():
    assert dataclasses.replace(Recipe(), preset="mine").fingerprint() == Recipe().fingerprint()
    assert PRESETS.keys() == PRESET_SUMMARIES.keys()
    assert all(name == recipe.preset for name, recipe in PRESETS.items())


def test_files_count_by_what_they_hold(tmp_path: Path):
    for name, content in (("a.pth", b"1"), ("b.pth", b"1"), ("c.pth", b"2")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (Recipe.of(weights=tmp_path / name) for name in ("a.pth", "b.pth", "c.pth"))
    assert a.fingerprint() == b.fingerprint() != c.fingerprint()


def test_a_detector_that_is_not_installed_changes_nothing_else():
    others = DetectorRecipe(name="of others", options={"power": 2.0})
    recipe = dataclasses.replace(Recipe.of("fast", seed=3), detector=others)
    assert recipe.changes() == {"detector": "of others", "detector.power": 2.0, "seed": 3}
    with pytest.raises(RecipeError, match="no detector 'of others'"):
        recipe.detector.make()


def test_a_detector_brings_what_its_paper_has():
    recipe = Recipe.of("fast", detector="patchcore")
    kind = DETECTORS["patchcore"]
    assert (recipe.strides, recipe.aggregation) == (kind.strides, kind.aggregation)
    assert recipe.detector.options == kind.default_options()
    # The steps of fast are cflow's own, and went with it.
    assert recipe.replace(detector="cflow").changes() == {"detector.steps": 1000}


def test_of_one_family_a_detector_keeps_what_was_chosen():
    options = Recipe.of("fast", {"detector.blocks": 5}, detector="uflow").detector.options
    own = Recipe.of("fast", {"detector.blocks": 5}).replace(detector="uflow").detector.options
    assert options == own
    assert (own["steps"], own["blocks"], own["position_channels"]) == (400, 5, 0)


def test_the_paper_takes_no_other_detector_and_gives_its_own_to_none():
    with pytest.raises(RecipeError, match="as published and takes no other"):
        Recipe.of("paper", detector="padim")
    changed = Recipe.of("balanced", {"detector.blocks": 5, "seed": 3}, detector="uflow")
    assert changed.on("paper") == Recipe.of("paper", seed=3)
    assert Recipe.of("paper", {"detector.passes": 3}, seed=3).on("fast") == Recipe.of("fast", seed=3)


@given(recipes)
def test_on_another_preset_the_same_is_changed(recipe: Recipe):
    for preset in ("fast", "accurate"):
        assert recipe.on(preset).preset == preset
        # What equals this preset's own value is no change of it any more.
        assert recipe.on(preset).on(recipe.preset).replace(recipe.changes()) == recipe


@pytest.mark.parametrize("name", ["cflow", "uflow", "differnet"])
def test_a_detector_takes_flows_of_another_family(name: str):
    recipe = Recipe.of("fast", detector=name)
    options = recipe.detector.options
    assert recipe.replace({"detector.flow": "realnvp"}) == recipe
    for flow, changes in FLOWS.items():
        changed = setting(recipe, f"detector.flow={flow}")
        assert changed.detector.options == {**options, **changes}
        assert Recipe.of(changed.preset, changed.changes()) == changed


@pytest.mark.parametrize("recipe", [Recipe.of(detector="padim"), Recipe.of("paper")], ids=["padim", "paper"])
def test_what_has_no_such_flow_says_so(recipe: Recipe):
    with pytest.raises(RecipeError, match="cannot have the flow nice: leave that out"):
        setting(recipe, "detector.flow=nice")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("blocks", r"'blocks' sets nothing: write NAME=VALUE"),
        ("sizes=3", r"no 'sizes'; did you mean size"),
        ("preset=fast", r"A recipe has no 'preset'"),
        ("detector.bloks=3", r"cflow has no option bloks; it has detector\.noise"),
        ("detector.blocks=x", r"detector\.blocks must be a int; got 'x'"),
        ("detector.blocks=2.5", r"detector\.blocks must be a int; got 2\.5"),
        ("detector.mixing=none", r"detector\.mixing must be one of swap, rotation"),
        ("aggregation.tails=1", r"no 'aggregation\.tails'; did you mean aggregation\.tail"),
        ("size=big", r"size must be"),
        ("size=0,5", r"size must be positive"),
        ("strides=", r"strides must be a list; got ''"),
        ("every=0", r"every must be positive; got 0"),
        ("seed=-1", r"views, explain and seed must be 0 or more"),
        ("calibration=all", r"calibration must be one of auto, split, cross"),
        ("detector=guess", r"no detector 'guess'; choose one of cflow"),
    ],
)
def test_what_does_not_fit_is_told(text: str, sentence: str):
    with pytest.raises(RecipeError, match=sentence):
        setting(Recipe(), text)


def test_an_unknown_preset_or_flow_is_named():
    with pytest.raises(RecipeError, match="no preset 'quick'; choose one of fast, balanced"):
        Recipe.of("quick")
    with pytest.raises(RecipeError, match="'planar'; choose one of realnvp, nice, glow"):
        setting(Recipe(), "detector.flow=planar")


def test_it_imports_neither_torch_nor_numpy():
    code = "import flawflow.cli.train, sys; print({'torch', 'numpy', 'PIL'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
