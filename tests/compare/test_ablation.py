import pytest

from flawflow.compare.ablation import ablation
from flawflow.errors import TrainingError
from flawflow.recipe import Recipe

LITE0 = [("lite0", None)]


def test_every_row_changes_one_thing():
    rows = ablation(Recipe(), [*LITE0, ("resnet18", "hub")])
    assert rows[0].recipe == Recipe()
    assert len({row.label for row in rows}) == len(rows)
    assert len({row.recipe.fingerprint() for row in rows}) == len(rows)
    changes = {row.label: row.recipe.changes() for row in rows}
    assert changes["4 blocks"] == {"detector.blocks": 4}
    assert changes["Glow (LU and actnorm)"] == {"detector.mixing": "lu", "detector.actnorm": True}
    assert changes["map smoothed by 4 pixels"] == {"aggregation.smoothing": 4.0}
    assert changes["UFLOW: no position at all"] == {"detector": "uflow"}
    assert changes["128 × 128 pixels"] == {"size": 128}
    assert changes["encoder resnet18"] == {"encoder": "resnet18", "weights": "hub"}


def test_what_the_recipe_does_anyway_has_no_row():
    for preset in ("balanced", "accurate"):
        recipe = Recipe.of(preset)
        labels = {row.label for row in ablation(recipe, LITE0)}
        assert f"{recipe.detector.options['blocks']} blocks" not in labels
        assert "halves swapped" not in labels
        assert {"hard permutation", "UFLOW: no position at all"} <= labels


@pytest.mark.parametrize("recipe", [Recipe.of("paper"), Recipe.of(detector="padim")], ids=["paper", "padim"])
def test_only_cflow_can_be_varied(recipe: Recipe):
    with pytest.raises(TrainingError, match=f"The preset {recipe.preset} cannot be varied"):
        ablation(recipe, LITE0)
