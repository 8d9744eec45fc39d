import dataclasses
import json
import shlex
from pathlib import Path

import click
import pytest

from flawflow.card import Card
from flawflow.cli.train import command
from flawflow.station.improve.plan import Plan, Preset


@pytest.fixture
def plan(tiny_card: Card, tmp_path: Path) -> Plan:
    return Plan.like(tiny_card, data=tmp_path / "set 1", output=tmp_path / "new.flaw", preset="fast")


def test_the_training_is_like_the_models_own(plan: Plan, tiny_card: Card):
    assert (plan.encoder, plan.size, plan.seed) == (tiny_card.encoder.name, tiny_card.size, 0)
    assert plan.detector == "cflow"  # what made the tiny model cannot be asked for


@pytest.mark.parametrize(
    ("detector", "preset", "asked"),
    [("padim", "fast", "padim"), ("padim", "paper", "cflow"), ("paper-cflow", "fast", "cflow")],
)
def test_the_detector_goes_with_the_preset(
    tiny_card: Card, tmp_path: Path, detector: str, preset: Preset, asked: str
):
    card = dataclasses.replace(tiny_card, detector=detector)
    assert Plan.like(card, data=tmp_path, output=tmp_path / "a.flaw", preset=preset).detector == asked


@pytest.mark.parametrize(
    ("weights", "asked"),
    [("random (seed 0)", "random"), ("hub timm/x", "hub"), ("efficientnet 0.1.0", None), ("own.pth", None)],
)
def test_weights_are_asked_for_by_where_they_come_from(
    tiny_card: Card, tmp_path: Path, weights: str, asked: str | None
):
    card = dataclasses.replace(tiny_card, encoder=dataclasses.replace(tiny_card.encoder, weights=weights))
    plan = Plan.like(card, data=tmp_path, output=tmp_path / "a.flaw", preset="fast")
    assert plan.weights == asked
    context = command.make_context("train", shlex.split(plan.command())[2:])
    assert context.params["weights"] == asked


def test_the_command_is_one_of_flawflow_train_with_the_same_options(plan: Plan):
    words = shlex.split(plan.command())
    assert words[:2] == ["flawflow", "train"]
    context = command.make_context("train", words[2:], resilient_parsing=False)
    asked = context.params
    assert asked["data"] == Path(plan.data)
    assert asked["resume"] is True
    for name in ("preset", "detector", "encoder", "size", "seed"):
        assert asked[name] == getattr(plan, name)
    assert isinstance(context, click.Context)


def test_a_plan_survives_json(plan: Plan):
    assert Plan.of(json.loads(json.dumps(dataclasses.asdict(plan)))) == plan
