import numpy as np
import pytest

from flawflow.training.toy.pixels import LEVELS, PixelFlow, draw_pixels, learn_pixels


@pytest.fixture(scope="module")
def flows() -> list[PixelFlow]:
    return learn_pixels(steps=30)


def test_pixels_take_fewer_bits_than_their_levels(flows: list[PixelFlow]) -> None:
    assert [flow.name for flow in flows] == ["Even noise", "Learned noise"]
    assert all(0 < flow.bits < np.log2(LEVELS) - 0.5 for flow in flows)


def test_each_flow_makes_up_digits(flows: list[PixelFlow]) -> None:
    for half in np.array_split(np.array(draw_pixels(flows)), 2, axis=1):
        assert len(np.unique(half.reshape(-1, 3), axis=0)) > LEVELS / 2
