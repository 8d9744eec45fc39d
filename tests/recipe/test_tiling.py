import pytest

from flawflow.errors import RecipeError
from flawflow.images import tiling as of_pictures
from flawflow.recipe import Recipe
from flawflow.recipe import tiling as of_recipes


def test_bounds_are_those_of_the_grid():
    for name in ("MIN_OVERLAP", "MAX_OVERLAP"):
        assert getattr(of_recipes, name) == getattr(of_pictures, name)


def test_a_mode_alone_is_enough():
    assert Recipe.of("fast", tiles="all").changes() == {"tiles.mode": "all"}
    more = Recipe.of("fast", {"tiles.overlap": 0.5}, tiles="doubtful")
    assert more.changes() == {"tiles.mode": "doubtful", "tiles.overlap": 0.5}
    assert more.replace(tiles="off").tiles.overlap == 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [("mode", "some"), ("overlap", 0.01), ("overlap", 0.7), ("scale", 0.0), ("scale", 2.0), ("share", 1.0)],
)
def test_what_cannot_be_is_refused(name: str, value: object):
    with pytest.raises(RecipeError, match=f"tiles.{name} must be"):
        Recipe.of("fast", {f"tiles.{name}": value})
