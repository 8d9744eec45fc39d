import math

import pytest
import torch

from flawflow.training.position_encoding import sine_position


def _by_the_book(height: int, width: int, channels: int) -> torch.Tensor:
    encoding = torch.zeros(channels, height, width)
    half = channels // 2
    for row in range(height):
        for column in range(width):
            for j in range(0, half, 2):
                frequency = math.exp(-j * math.log(1e4) / half)
                encoding[j, row, column] = math.sin(column * frequency)
                encoding[j + 1, row, column] = math.cos(column * frequency)
                encoding[half + j, row, column] = math.sin(row * frequency)
                encoding[half + j + 1, row, column] = math.cos(row * frequency)
    return encoding


@pytest.mark.parametrize(("height", "width", "channels"), [(3, 5, 8), (4, 2, 128), (1, 1, 4)])
def test_it_is_the_encoding_of_the_paper(height: int, width: int, channels: int) -> None:
    got = sine_position(height, width, channels)
    assert got.shape == (channels, height, width)
    torch.testing.assert_close(got, _by_the_book(height, width, channels))


def test_every_position_differs_from_every_other() -> None:
    flat = sine_position(64, 64).flatten(1).T
    distance = torch.cdist(flat, flat)
    distance.fill_diagonal_(torch.inf)
    assert distance.min().item() > 0.5


def test_a_larger_map_begins_like_a_smaller_one() -> None:
    assert torch.equal(sine_position(9, 7, 16)[:, :4, :5], sine_position(4, 5, 16))


@pytest.mark.parametrize("channels", [0, -4, 6, 127])
def test_impossible_channels_are_refused(channels: int) -> None:
    with pytest.raises(ValueError, match=rf"positive multiple of 4 channels .* got {channels}\."):
        sine_position(2, 2, channels)


def test_an_empty_map_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 or more rows and columns; got 0 × 3\."):
        sine_position(0, 3)
