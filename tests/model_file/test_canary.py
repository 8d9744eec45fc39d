import dataclasses
import hashlib

import numpy as np
import pytest

from flawflow.model_file.canary import DRAWINGS, Canary, draw

ZERO = Canary("disc", 0.0, (0.0,) * 64)


@pytest.mark.parametrize(
    ("drawing", "size", "digest"),
    [
        ("disc", (48, 64), "db6b066792f97d22"),
        ("disc", (1, 1), "6e76fa4af272a7f8"),
        ("squares", (48, 64), "534cd46b3098569e"),
        ("squares", (1, 1), "5ae7e6a42304dc6e"),
    ],
)
def test_a_drawing_is_the_same_in_every_release(drawing, size, digest):
    picture = draw(drawing, size)
    assert (picture.shape, picture.dtype) == ((*size, 3), np.uint8)
    assert hashlib.sha256(picture.tobytes()).hexdigest().startswith(digest)


def test_all_drawings_are_held_to_that():
    assert set(DRAWINGS) == {"disc", "squares"}


@pytest.mark.parametrize("size", [(8, 8), (64, 128), (31, 7), (1, 3)])
def test_points_are_the_middles_of_fields(size):
    rows, columns = np.mgrid[: size[0], : size[1]]
    canary = Canary.of("disc", (1000.0 * rows + columns).astype(np.float32), 7.0)
    expected = [
        1000 * ((2 * row + 1) * size[0] // 16) + (2 * column + 1) * size[1] // 16
        for row in range(8)
        for column in range(8)
    ]
    assert (canary.score, canary.points) == (7.0, tuple(expected))


def test_a_difference_is_a_share_of_the_value_or_of_the_level():
    points = (3.0, 400.0, *(0.0,) * 62)
    canary = dataclasses.replace(ZERO, points=points)
    assert canary.difference(canary, level=1.0) == 0
    for place, by, level, expected in ((0, 0.3, 10.0, 0.03), (0, 0.3, 1.0, 0.1), (1, -4.0, 10.0, 0.01)):
        other = list(points)
        other[place] += by
        changed = dataclasses.replace(canary, points=tuple(other))
        assert canary.difference(changed, level=level) == pytest.approx(expected)
    assert canary.difference(dataclasses.replace(canary, score=1.0), level=4.0) == 0.25


def test_what_is_no_canary_is_refused():
    with pytest.raises(ValueError, match="drawing must be one of disc, squares; got 'rings'"):
        dataclasses.replace(ZERO, drawing="rings")
    with pytest.raises(ValueError, match="points must be 64 numbers; got 63"):
        dataclasses.replace(ZERO, points=(0.0,) * 63)
