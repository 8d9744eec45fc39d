import pytest

from flawflow.recipe import Recipe
from flawflow.training.estimate import memory_of_training

MIB = 2**20


@pytest.mark.parametrize(
    ("side", "images", "measured"),
    [(256, 32, 894), (256, 209, 1494), (256, 264, 1535), (256, 300, 1658), (128, 32, 671), (128, 209, 795)],
)
def test_the_estimate_lies_above_what_was_measured_but_not_far(side: int, images: int, measured: int):
    estimate = memory_of_training(Recipe.of("fast", size=side), images) / MIB
    assert measured <= estimate <= 1.5 * measured


def test_views_count():
    plain, lit = (memory_of_training(Recipe.of(robust=robust), 1000) for robust in (False, True))
    assert lit > 2 * plain
