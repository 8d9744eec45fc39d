import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import ModelFileError
from flawflow.model_file.canary import Canary
from flawflow.model_file.card import FORMAT_VERSION, Card
from flawflow.recipe import Recipe
from flawflow.recipe.chosen import DetectorRecipe


def changed(card, path, value):
    """The card's dictionary with one field, named by its dotted path, set to a value."""
    content = json.loads(card.to_json())
    *outer, last = path.split(".")
    part = content
    for name in outer:
        part = part[name]
    part[last] = value
    return json.dumps(content)


def test_round_trip(tiny_card):
    assert Card.from_json(tiny_card.to_json()) == tiny_card
    assert json.loads(tiny_card.to_json()) == json.loads(json.dumps(tiny_card.to_dict()))


@given(st.lists(st.floats(-1e30, 1e30), min_size=1).map(sorted))
def test_scores_come_back_to_the_bit(tiny_card, scores):
    calibration = dataclasses.replace(tiny_card.calibration, scores=tuple(scores))
    card = dataclasses.replace(tiny_card, calibration=calibration)
    assert Card.from_json(card.to_json()).calibration.scores == tuple(scores)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("detector", 1),
        ("size", [32]),
        ("size", [32, 32, 32]),
        ("size", [32, 32.0]),
        ("size", [32, True]),
        ("size", "32"),
        ("encoder", []),
        ("encoder.strides", [8, "16"]),
        ("training.seed", None),
        ("training.seed", True),
        ("training.seconds", "1"),
        ("training.seconds", 10**400),
        ("calibration.scores", {}),
        ("calibration.pixel_threshold", False),
        ("heat_scale", [0]),
    ],
)
def test_a_field_of_another_type_is_named(tiny_card, path, value):
    with pytest.raises(ModelFileError, match=f"'{path}"):
        Card.from_json(changed(tiny_card, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format_version", 0),
        ("size", [0, 32]),
        ("size", [32, 10**9]),
        ("created", "yesterday"),
        ("created", "2021-07-27T12:00:00"),
        ("created", "2021-07-27T12:00:00+02:00"),
        ("heat_scale", [1.0, 1.0]),
        ("heat_scale", [0.0, math.nan]),
        ("encoder.strides", []),
        ("encoder.strides", [0]),
        ("encoder.weights_sha256", "ab"),
        ("training.picture_count", 0),
        ("training.seconds", -1.0),
        ("calibration.scores", []),
        ("calibration.scores", [math.nan]),
        ("calibration.false_reject_rate", 1),
    ],
)
def test_a_value_out_of_range_is_refused(tiny_card, path, value):
    with pytest.raises(ModelFileError, match="out of range"):
        Card.from_json(changed(tiny_card, path, value))


def test_missing_and_unknown_fields_are_named(tiny_card):
    content = tiny_card.to_dict()
    content["encoder"]["colour"] = 1
    with pytest.raises(ModelFileError, match=r"'encoder\.colour' is unknown"):
        Card.from_json(json.dumps(content))
    del content["encoder"]["colour"], content["calibration"]["scores"]
    with pytest.raises(ModelFileError, match=r"'calibration\.scores' is missing"):
        Card.from_json(json.dumps(content))


def test_a_newer_format_asks_for_an_upgrade_whatever_else_it_holds():
    with pytest.raises(ModelFileError, match=r"made by a newer flawflow .* upgrade"):
        Card.from_json(json.dumps({"format_version": FORMAT_VERSION + 1, "new": "field"}))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", b"\xff", "[" * 100_000, '{"format_version": "2"}']
)
def test_what_is_no_card_is_refused(text):
    with pytest.raises(ModelFileError, match="the model card"):
        Card.from_json(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_no_json_is_taken_for_a_card(value):
    with pytest.raises(ModelFileError):
        Card.from_json(json.dumps(value))


def test_integers_stand_for_floats(tiny_card):
    card = Card.from_json(changed(tiny_card, "heat_scale", [0, 2]))
    assert card.colormap_range == (0.0, 2.0)
    assert {type(value) for value in card.colormap_range} == {float}


def test_a_file_of_the_first_format_is_read_with_defaults(tiny_card):
    content = json.loads(tiny_card.to_json())
    content["format_version"] = 1
    del content["calibration"]["others"]
    assert Card.from_json(json.dumps(content)) == tiny_card
    # Nothing else may be missing, and nothing unknown be there.
    del content["heat_scale"]
    with pytest.raises(ModelFileError, match="'heat_scale' is missing"):
        Card.from_json(json.dumps(content))
    content["heat_scale"], content["encoder"]["colour"] = [0.0, 1.0], 1
    with pytest.raises(ModelFileError, match=r"'encoder\.colour' is unknown"):
        Card.from_json(json.dumps(content))


def test_a_field_of_this_format_must_be_there(tiny_card):
    content = json.loads(tiny_card.to_json())
    del content["calibration"]["others"]
    with pytest.raises(ModelFileError, match=r"'calibration\.others' is missing"):
        Card.from_json(json.dumps(content))


def test_canaries_come_back(tiny_card):
    canaries = (Canary("disc", 0.5, (0.25,) * 64), Canary("squares", 1.0, (0.125,) * 64))
    card = dataclasses.replace(tiny_card, canaries=canaries)
    assert Card.from_json(card.to_json()) == card


def test_a_recipe_comes_back_even_where_its_detector_is_not_installed(tiny_card):
    own = Recipe.of("fast", {"detector.blocks": 4}, weights="a.pth", exclude_suspects=True)
    others = DetectorRecipe(name="of others", options={"power": 2.0, "sizes": (1, 2), "mode": None})
    for recipe in (own, dataclasses.replace(own, detector=others)):
        card = dataclasses.replace(tiny_card, recipe=recipe)
        assert Card.from_json(card.to_json()) == card


@pytest.mark.parametrize(
    ("version", "later", "value"),
    [
        (1, "precision", "fp32"),
        (2, "canaries", ()),
        (3, "recipe", None),
        (4, "light", None),
        (4, "adaptation", None),
    ],
)
def test_a_file_of_an_earlier_format_is_read_without_what_came_later(tiny_card, version, later, value):
    content = tiny_card.to_dict()
    content["format_version"] = version
    del content[later]
    assert Card.from_json(json.dumps(content)) == tiny_card
    assert getattr(tiny_card, later) == value


def test_files_of_earlier_formats_keep_no_patches(tiny_card):
    assert FORMAT_VERSION == 7
    card = dataclasses.replace(tiny_card, recipe=Recipe())
    content = card.to_dict() | {"format_version": 6}
    del content["recipe"]["explain"]
    assert Card.from_json(json.dumps(content)) == card


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("recipe.seed", -1),
        ("recipe.seed", "0"),
        ("recipe.size", [0, 1]),
        ("recipe.calibration", "all"),
        ("recipe.augment", True),
        ("recipe.weights", 1),
        ("recipe.detector.name", None),
        ("recipe.detector.options", []),
        ("recipe.detector.options.blocks", {"no": "object"}),
        ("recipe.aggregation.tail", math.nan),
        ("recipe.unknown", 1),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(tiny_card, path, value):
    card = dataclasses.replace(tiny_card, recipe=Recipe())
    with pytest.raises(ModelFileError, match="'recipe"):
        Card.from_json(changed(card, path, value))


@pytest.mark.parametrize(
    ("canaries", "message"),
    [
        ([{"drawing": "rings", "score": 0.0, "points": [0.0] * 64}], "drawing must be one of disc, squares"),
        ([{"drawing": "disc", "score": 0.0, "points": [0.0] * 65}], "points must be 64"),
        ([{"drawing": "disc", "score": 1e31, "points": [0.0] * 64}], "within"),
        ([{"drawing": "disc", "score": 0.0, "points": [0.0] * 63 + [math.nan]}], "within"),
        ([{"drawing": "disc", "score": 0.0, "points": [0.0] * 64}] * 2, "different drawings"),
    ],
)
def test_canaries_out_of_range_are_refused(tiny_card, canaries, message):
    with pytest.raises(ModelFileError, match=message):
        Card.from_json(changed(tiny_card, "canaries", canaries))


@pytest.mark.parametrize("precision", ["fp8", "", "FP32"])
def test_another_precision_is_refused(tiny_card, precision):
    with pytest.raises(ModelFileError, match="precision must be one of fp32, fp16, bf16, int8"):
        Card.from_json(changed(tiny_card, "precision", precision))
