import pytest

from flawflow.recipe import Recipe
from flawflow.training.estimate import memory_of_training

MIB = 2**20


@pytest.mark.parametrize(
    ("views", "side", "images", "measured"),
    [
        (0, 256, 32, 894),
        (0, 256, 209, 1494),
        (0, 256, 264, 1535),
        (0, 256, 300, 1658),
        (0, 128, 32, 671),
        (0, 128, 209, 795),
        (1, 256, 32, 953),
        (1, 256, 209, 1809),
        (1, 128, 209, 868),
        (2, 256, 209, 1967),
    ],
)
def test_the_estimate_lies_above_what_was_measured_but_not_far(
    views: int, side: int, images: int, measured: int
):
    estimate = memory_of_training(Recipe.of("fast", size=side, views=views), images) / MIB
    assert measured <= estimate <= 1.5 * measured


def test_views_count():
    plain, default, robust = (
        memory_of_training(Recipe.of(views=views, robust=views == 2), 1000) for views in (0, 1, 2)
    )
    assert plain < default < robust
