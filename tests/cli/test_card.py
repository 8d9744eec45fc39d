import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from flawflow.model_file import read_model, replace_card
from flawflow.report.wording import promise
from flawflow.runtime.canary_check import record_canaries
from flawflow.runtime.processor import processor

Flawflow = Callable[..., Result]


@pytest.fixture
def proven(tiny_model: Path) -> Path:
    model = read_model(tiny_model)
    canaries = record_canaries(model.graph, model.card.size)
    replace_card(tiny_model, tiny_model, replace(model.card, canaries=canaries))
    return tiny_model


def test_the_card_is_printed_with_what_it_means(flawflow: Flawflow, proven: Path):
    shown = flawflow("card", proven)
    assert shown.exit_code == 0
    told, card = json.loads(shown.stdout), read_model(proven).card
    rule, promised = told.pop("rule"), told.pop("promise")
    assert told == json.loads(card.to_json())
    assert promised == promise(card.calibration)
    assert "With 95 % confidence, at most 3 % of all good parts are judged NG" in promised
    assert rule.startswith("A picture is NG when its score is above 0.5")


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_check_prints_its_figures(flawflow: Flawflow, proven: Path, engine: str):
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    result = flawflow("card", proven, "--check", "--engine", engine)
    assert result.exit_code == 0, result.output
    disc, squares, sentence = result.stdout.splitlines()
    for line, drawing in ((disc, "disc"), (squares, "squares")):
        name, figure, *rest = line.split()
        assert (name, rest) == (drawing, ["0.0001", "is", "allowed"])
        assert 0 <= float(figure.rstrip(",")) < 1e-4
    assert sentence.startswith(f"{engine} ")
    assert processor() in sentence


def test_a_check_that_fails_is_one_sentence(flawflow: Flawflow, proven: Path):
    card = read_model(proven).card
    replace_card(proven, proven, replace(card, canaries=(replace(card.canaries[0], score=2.0),)))
    result = flawflow("card", proven, "--check")
    assert (result.exit_code, result.stdout) == (2, "")
    for word in (
        "tiny.flaw",
        "onnxruntime",
        processor(),
        "canaries differ by 0.55",
        "use the engine openvino",
    ):
        assert word in result.stderr


def test_an_older_file_cannot_be_checked(flawflow: Flawflow, tiny_model: Path):
    result = flawflow("card", tiny_model, "--check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "tiny.flaw" in result.stderr
    assert "flawflow calibrate records canaries" in result.stderr
