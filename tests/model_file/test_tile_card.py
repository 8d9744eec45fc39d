"""A card that says how pictures are cut is read strictly."""

import dataclasses
import json

import pytest

from flawflow.errors import ModelFileError
from flawflow.images.tiling import TileGrid
from flawflow.model_file.card import Card

from ..inspection.tiled_model import SIZE, tile_card, with_tiles

GRID = TileGrid((64, 96), SIZE, 0.25)


@pytest.fixture
def tiled(tiny_card: Card) -> Card:
    return with_tiles(tiny_card, tile_card(GRID))


def test_json_keeps_it_whole(tiled: Card):
    assert Card.from_json(tiled.to_json()) == tiled
    assert tiled.tiles.grid == GRID


def test_files_of_earlier_formats_have_no_tiles(tiny_card: Card):
    values = tiny_card.to_dict() | {"format_version": 5}
    del values["tiles"]
    assert Card.from_json(json.dumps(values)) == tiny_card


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "off"),
        ("size", (0, 96)),
        ("size", (20, 96)),
        # As many tiles as pixels would take all memory.
        ("size", (2**20, 2**20)),
        ("tile", (16, 16)),
        ("overlap", 0.99),
        ("levels", (0.0,)),
        ("lows", (float("nan"),) * len(GRID.tiles)),
        ("usual", 1e31),
        ("map_gain", -1.0),
        ("score_gain", -1.0),
        ("mean_count", 1000.0),
    ],
)
def test_what_is_out_of_range_is_refused(tiled: Card, name: str, value: object):
    values = tiled.to_dict()
    values["tiles"][name] = value
    with pytest.raises(ModelFileError, match=r"tiles|not JSON"):
        Card.from_json(json.dumps(values))


def test_a_tile_is_of_the_models_size(tiled: Card):
    with pytest.raises(ValueError, match="tiles must be of"):
        dataclasses.replace(tiled, size=(16, 16))
