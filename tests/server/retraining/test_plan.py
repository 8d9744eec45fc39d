import dataclasses
import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from flawflow.cli.recipe import asked
from flawflow.cli.train import command
from flawflow.model_file.card import Card
from flawflow.recipe import PRESETS, Recipe
from flawflow.recipe.chosen import DetectorRecipe
from flawflow.server.errors import ConflictError
from flawflow.server.retraining.plan import Plan

CHANGES = {
    "detector.blocks": 3, "every": 4, "exclude_suspects": True, "calibration": "split",
    "weights": "random", "aggregation.tail": 0.25, "size": (32, 32), "augment": "auto",
}  # fmt: skip


def like(card: Card, *, preset: str = "fast", settings: tuple[str, ...] = ()) -> Plan:
    return Plan.like(
        card,
        model=Path("old.flaw"),
        data=Path("/data/set 1"),
        output=Path("new.flaw"),
        preset=preset,
        settings=settings,
    )


def by_command(plan: Plan) -> tuple[Recipe, dict[str, Any]]:
    """The recipe that the plan's command asks `flawflow train` for, and the other options."""
    options = command.make_context("train", shlex.split(plan.command())[2:]).params
    assert options["detector"] is options["encoder"] is options["seed"] is None, "settings say all"
    return asked(options["preset"], options["settings"]), options


@pytest.fixture
def card(tiny_card: Card) -> Card:
    """The card of a model that was trained with changes of all kinds."""
    return dataclasses.replace(tiny_card, recipe=Recipe.of("fast", CHANGES, detector="uflow"))


@pytest.fixture
def plan(card: Card) -> Plan:
    return like(card)


def test_nothing_of_the_models_own_training_is_lost(card: Card, plan: Plan):
    assert plan.recipe == card.recipe


def test_on_another_preset_the_same_is_changed(card: Card):
    assert like(card, preset="accurate").recipe == Recipe.of("accurate", CHANGES, detector="uflow")
    paper = like(card, preset="paper").recipe
    assert paper.detector == PRESETS["paper"].detector
    assert (paper.every, paper.exclude_suspects, paper.size) == (4, True, (32, 32))


def test_settings_count_last(card: Card):
    changed = like(card, settings=("detector.blocks=6", "seed=9")).recipe
    assert changed == card.recipe.replace({"detector.blocks": 6, "seed": 9})  # type: ignore[union-attr]
    with pytest.raises(ConflictError, match="no option bloks"):
        like(card, settings=("detector.bloks=6",))


def test_a_detector_that_is_not_installed_is_said(card: Card):
    others = DetectorRecipe(name="of others", options={"power": 2.0})
    own = dataclasses.replace(card.recipe, detector=others)  # type: ignore[type-var]
    with pytest.raises(ConflictError, match="no detector 'of others'"):
        like(dataclasses.replace(card, recipe=own))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_command_asks_for_the_same(card: Card, preset: str):
    plan = like(card, preset=preset)
    assert shlex.split(plan.command())[:2] == ["flawflow", "train"]
    recipe, others = by_command(plan)
    assert recipe == plan.recipe
    assert (others["data"], others["resume"]) == (Path(plan.data), True)


def test_where_the_model_looks_is_taken_from_the_model(card: Card, plan: Plan):
    assert (plan.recipe.roi, plan.recipe.ignore) == (None, None)
    own = card.recipe.replace(roi="gone.png", ignore="too.png")  # type: ignore[union-attr]
    looks = like(dataclasses.replace(card, roi_run_lengths=(512, 512), recipe=own)).recipe
    assert (looks.roi, looks.ignore) == (str(Path("old.flaw").absolute()), None)


def test_weights_of_a_file_are_not_taken_from_elsewhere(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    digest = hashlib.sha256(b"weights").hexdigest()
    encoder = dataclasses.replace(card.encoder, weights_sha256=digest)
    for weights in ("null", "random", "hub"):
        plan = like(card, settings=(f"weights={weights}",))
        assert plan.with_weights_of(encoder) == plan
    own = like(card, settings=("weights=/elsewhere/own.pth",))
    missing = r"from /elsewhere/own\.pth, which is not here: .*--set weights=/elsewhere/own\.pth"
    with pytest.raises(ConflictError, match=missing):
        own.with_weights_of(encoder)
    Path("own.pth").write_bytes(b"others")
    with pytest.raises(ConflictError, match="which is not here"):
        own.with_weights_of(encoder)
    Path("own.pth").write_bytes(b"weights")
    assert own.with_weights_of(encoder).recipe.weights == str(tmp_path / "own.pth")


GLOW = {"detector.mixing": "lu", "detector.actnorm": True, "augment": "auto"}


@pytest.mark.parametrize(
    ("detector", "named", "recipe"),
    [
        ("brightness", "none", Recipe.of("fast")),  # what made the tiny model cannot be asked for
        ("padim", "balanced", Recipe.of("fast", detector="padim")),
        ("cflow", "balanced, flow nice", Recipe.of("fast", {"detector.coupling": "additive"})),
        ("uflow", "accurate, flow glow, augment auto", Recipe.of("fast", GLOW, detector="uflow")),
        ("paper-cflow", "paper", Recipe.of("fast")),
    ],
)
def test_an_older_card_tells_what_it_can(tiny_card: Card, detector: str, named: str, recipe: Recipe):
    card = dataclasses.replace(tiny_card, detector=detector, preset=named)
    found = like(card).recipe
    assert found == recipe.replace(encoder="none", weights=None, size=(32, 32), seed=0)


@pytest.mark.parametrize(
    ("weights", "licence", "asked_for"),
    [
        ("random (seed 0)", "none", "random"),
        ("hub timm/x", "not stated", "hub"),
        ("efficientnet 0.1.0", "Apache-2.0", None),
        ("own.pth", "not stated", "own.pth"),
    ],
)
def test_an_older_card_tells_where_weights_come_from(
    tiny_card: Card, weights: str, licence: str, asked_for: str | None
):
    encoder = dataclasses.replace(tiny_card.encoder, weights=weights, weights_licence=licence)
    assert like(dataclasses.replace(tiny_card, encoder=encoder)).recipe.weights == asked_for


def test_a_plan_survives_json(plan: Plan):
    assert Plan.of(json.loads(json.dumps(dataclasses.asdict(plan)))) == plan


def test_a_plan_of_an_earlier_station_is_read():
    """A job that it began is resumed as it was begun."""
    values: dict[str, Any] = {
        "data": "/data", "output": "/new.flaw", "preset": "fast", "detector": "uflow", "encoder": "lite0",
        "weights": None, "size": [32, 64], "seed": 3,
    }  # fmt: skip
    assert Plan.of(values).recipe == Recipe.of("fast", detector="uflow", size=(32, 64), seed=3)
    values |= {"flow": "nice", "augment": "auto", "roi": "/old.flaw"}
    assert Plan.of(values).recipe.changes() == {
        "detector": "uflow", "detector.coupling": "additive", "size": (32, 64), "seed": 3, "augment": "auto",
        "roi": "/old.flaw",
    }  # fmt: skip
    paper = {**values, "preset": "paper", "detector": "cflow", "flow": "realnvp"}
    assert Plan.of(paper).recipe.detector == PRESETS["paper"].detector
