import numpy as np
import pytest

from flawflow.server.db.places import CELLS, PlaceCount, place_of
from flawflow.server.statistics.places import SIZES, THIRDS, cumulative, places_of, third_of


@pytest.mark.parametrize(("height", "width"), [(30, 30), (480, 640), (7, 3000)])
def test_every_pixel_has_a_cell_and_its_third(height: int, width: int, rng: np.random.Generator):
    for _ in range(200):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        cell, _ = place_of({"centroid": [float(x), float(y)], "area": 1}, height, width)
        across, down = (2 * x + 1, 2 * width), (2 * y + 1, 2 * height)
        assert divmod(cell, CELLS) == tuple(CELLS * part // whole for part, whole in (down, across))
        third = [3 * part // whole for part, whole in (down, across)]
        assert third_of(cell) == THIRDS[3 * third[0] + third[1]]


@pytest.mark.parametrize(
    ("area", "size"),
    [(9, "tiny"), (10, "small"), (99, "small"), (100, "medium"), (1000, "large"), (10_000, "large")],
)
def test_classes_of_sizes_by_share_of_the_picture(area: int, size: str):
    assert SIZES[place_of({"centroid": [0, 0], "area": area}, 100, 100)[1]] == size


def test_counts_are_added_up_by_model():
    low, high = 0, CELLS * CELLS - 1
    found = places_of(
        [
            PlaceCount("a", low, 0, 1),
            PlaceCount("b", low, 0, 2),
            PlaceCount("b", low, 3, 3),
            PlaceCount("b", high, 0, 4),
        ]
    )
    assert [each.model for each in found] == ["b", "a"]
    first = found[0]
    assert (first.total, first.cells) == (9, {low: 5, high: 4})
    assert list(first.thirds.items()) == [("top-left", 5), ("bottom-right", 4)]
    assert list(first.sizes.items()) == [("tiny", 6), ("large", 3)]
    assert places_of([]) == []


def test_shares_add_up_to_one():
    rows = cumulative({"a": 5, "b": 3, "c": 2})
    assert sum(share for _, _, share, _ in rows) == pytest.approx(1)
    assert [up_to for *_, up_to in rows] == pytest.approx([0.5, 0.8, 1.0])
