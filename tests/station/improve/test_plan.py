import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from flawflow.card import Card
from flawflow.cli.train import FLOWS, command
from flawflow.station.errors import ConflictError
from flawflow.station.improve.plan import Plan, Preset


def like(card: Card, *, preset: Preset = "fast") -> Plan:
    return Plan.like(
        card, model=Path("old.flaw"), data=Path("/data/set 1"), output=Path("new.flaw"), preset=preset
    )


def asked_by(plan: Plan) -> dict[str, Any]:
    """The options of `flawflow train` that the plan's command gives."""
    return command.make_context("train", shlex.split(plan.command())[2:]).params


@pytest.fixture
def plan(tiny_card: Card) -> Plan:
    return like(tiny_card)


def test_the_training_is_like_the_models_own(plan: Plan, tiny_card: Card):
    assert (plan.encoder, plan.size, plan.seed) == (tiny_card.encoder.name, tiny_card.size, 0)
    assert plan.detector == "cflow"  # what made the tiny model cannot be asked for


@pytest.mark.parametrize(
    ("detector", "preset", "asked"),
    [("padim", "fast", "padim"), ("padim", "paper", "cflow"), ("paper-cflow", "fast", "cflow")],
)
def test_the_detector_goes_with_the_preset(tiny_card: Card, detector: str, preset: Preset, asked: str):
    assert like(dataclasses.replace(tiny_card, detector=detector), preset=preset).detector == asked


@pytest.mark.parametrize(
    ("named", "preset", "flow", "augment"),
    [
        ("balanced", "fast", "realnvp", "none"),
        ("balanced, flow nice", "fast", "nice", "none"),
        ("accurate, flow glow, augment auto", "balanced", "glow", "auto"),
        ("fast, augment auto", "accurate", "realnvp", "auto"),
        ("fast, flow nice, augment auto", "paper", "realnvp", "none"),  # the paper's are its own
    ],
)
def test_flow_and_views_stay_what_they_were(
    tiny_card: Card, named: str, preset: Preset, flow: str, augment: str
):
    plan = like(dataclasses.replace(tiny_card, preset=named), preset=preset)
    assert (plan.preset, plan.flow, plan.augment) == (preset, flow, augment)
    asked = asked_by(plan)
    assert (asked["flow"], asked["augment"]) == (flow, augment)


@pytest.mark.parametrize("flow", FLOWS)
def test_the_flow_is_read_as_training_writes_it(tiny_card: Card, flow: str):
    pytest.importorskip("torch", reason="training is not installed")
    from flawflow.learn.preset import PRESETS, with_flow

    named = with_flow(PRESETS["balanced"], flow).name
    assert like(dataclasses.replace(tiny_card, preset=named)).flow == flow


def test_where_the_model_looks_is_taken_from_the_model(tiny_card: Card, plan: Plan):
    assert (plan.roi, asked_by(plan)["roi"]) == (None, None)
    looks = like(dataclasses.replace(tiny_card, interest=(512, 512)))
    assert looks.roi == str(Path("old.flaw").absolute())
    assert asked_by(looks)["roi"] == Path(looks.roi)


@pytest.mark.parametrize(
    ("weights", "licence", "asked"),
    [
        ("random (seed 0)", "none", "random"),
        ("hub timm/x", "not stated", "hub"),
        ("efficientnet 0.1.0", "Apache-2.0", None),
        ("own.pth", "not stated", "own.pth"),
    ],
)
def test_weights_are_asked_for_by_where_they_come_from(
    tiny_card: Card, weights: str, licence: str, asked: str | None
):
    encoder = dataclasses.replace(tiny_card.encoder, weights=weights, weights_licence=licence)
    plan = like(dataclasses.replace(tiny_card, encoder=encoder))
    assert plan.weights == asked
    assert asked_by(plan)["weights"] == asked


def test_weights_of_a_file_are_not_taken_from_elsewhere(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for weights in (None, "random", "hub"):
        dataclasses.replace(plan, weights=weights).require_weights()
    own = dataclasses.replace(plan, weights="own.pth")
    with pytest.raises(ConflictError, match=r"from own\.pth, which is not here: .* --weights own\.pth"):
        own.require_weights()
    Path("own.pth").touch()
    own.require_weights()


def test_the_command_is_one_of_flawflow_train_with_the_same_options(plan: Plan):
    assert shlex.split(plan.command())[:2] == ["flawflow", "train"]
    asked = asked_by(plan)
    assert asked["data"] == Path(plan.data)
    assert asked["resume"] is True
    assert {name: asked[name] for name in plan.options()} == plan.options()


def test_a_plan_survives_json(plan: Plan):
    assert Plan.of(json.loads(json.dumps(dataclasses.asdict(plan)))) == plan


def test_a_plan_of_an_earlier_station_is_read(plan: Plan):
    """A job that it began goes on as it was begun."""
    later = ("flow", "augment", "roi")
    values = {name: value for name, value in dataclasses.asdict(plan).items() if name not in later}
    assert Plan.of(values) == plan
