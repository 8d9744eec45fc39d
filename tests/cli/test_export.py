import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from flawflow.cli import export as verb
from flawflow.export import export as module
from flawflow.model_file import card as card_module
from flawflow.model_file import read_model
from flawflow.runtime.engines import ENGINES

Flawflow = Callable[..., Result]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    folder = tmp_path / "good"
    folder.mkdir()
    for level in range(20, 110, 3):
        Image.new("L", (40, 50), level).save(folder / f"{level}.png")
    return folder


def test_a_model_in_eight_bits(flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path):
    output = tmp_path / "small.flaw"
    result = flawflow("export", tiny_model, "--precision", "int8", "--good", good, "-o", output)
    assert result.exit_code == 0, result.output
    assert "Before and after, on good pictures" in result.stdout
    assert "does not hold" not in result.stdout
    assert "small.flaw is int8: 0.0 MB" in result.stdout
    assert "It is calibrated by 20 good pictures of --good." in result.stdout
    assert read_model(output).card.precision == "int8"
    again = flawflow("export", tiny_model, "--precision", "fp16", "--good", good, "-o", output)
    assert (again.exit_code, "--overwrite" in again.stderr) == (2, True)
    assert read_model(output).card.precision == "int8"


def test_what_fails_is_refused_with_its_figures(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.equivalence, "MAX_MAP_DIFFERENCE", -1.0)
    output = tmp_path / "small.flaw"
    arguments = ("export", tiny_model, "--precision", "fp16", "--good", good, "-o", output)
    result = flawflow(*arguments)
    assert (result.exit_code, output.exists()) == (2, False)
    assert "does not hold" in result.stdout
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("flawflow: ")]
    assert "largest difference of maps on good pictures 0.000, at most -1.0" in sentence
    assert "nothing was written" in sentence
    forced = flawflow(*arguments, "--force")
    assert (forced.exit_code, output.exists()) == (0, True)
    assert "because of --force: it is not equivalent to the model" in forced.stdout


def test_unmeasured_is_said(flawflow: Flawflow, tiny_model: Path, tmp_path: Path):
    output = tmp_path / "small.flaw"
    result = flawflow("export", tiny_model, "--precision", "fp16", "-o", output)
    assert (result.exit_code, output.exists()) == (2, False)
    forced = flawflow("export", tiny_model, "--precision", "fp16", "-o", output, "--force")
    assert forced.exit_code == 0
    assert "Nothing was measured" in forced.stdout
    assert "Its calibration is the model's own" in forced.stdout


def test_unreadable_pictures_set_the_exit_code(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path
):
    (good / "broken.png").write_bytes(b"not a picture")
    result = flawflow("export", tiny_model, "--precision", "fp16", "--good", good, "-o", tmp_path / "a.flaw")
    assert result.exit_code == 3
    assert "broken.png" in result.stderr
    assert (tmp_path / "a.flaw").exists()


def test_without_onnx_it_says_what_to_install(
    flawflow: Flawflow, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else find(name))
    result = flawflow("export", tiny_model, "--precision", "fp16", "-o", tmp_path / "a.flaw")
    assert result.exit_code == 2
    assert result.stderr == (
        "flawflow: export needs onnx, which is not installed: pip install 'flawflow[export]'\n"
    )


@pytest.mark.parametrize("verb_name", ["inspect", "evaluate", "calibrate"])
def test_an_engine_that_is_missing_is_one_sentence(
    flawflow: Flawflow, tiny_model: Path, good: Path, monkeypatch: pytest.MonkeyPatch, verb_name: str
):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name))
    output = () if verb_name == "evaluate" else ("-o", good / "out")
    result = flawflow(verb_name, tiny_model, good, *output, "--engine", "openvino")
    assert (result.exit_code, (good / "out").exists()) == (2, False)
    assert "flawflow: the engine openvino is not installed: pip install 'flawflow[openvino]'" in result.stderr


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_verbs_take_an_engine(flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path):
    new, out = tmp_path / "new.flaw", tmp_path / "out"
    for arguments in (
        ("calibrate", tiny_model, good, "-o", new),
        ("inspect", new, good, "-o", out),
        ("export", tiny_model, "--precision", "fp16", "--good", good, "-o", tmp_path / "fp16.flaw"),
    ):
        result = flawflow(*arguments, "--engine", "openvino")
        assert result.exit_code == 0, result.output
    assert "openvino" in sys.modules


def test_the_command_line_knows_the_same_names():
    assert verb.PRECISIONS == card_module.PRECISIONS
    (engine,) = (option for option in verb.command.params if option.name == "engine")
    assert tuple(engine.type.choices) == tuple(ENGINES)
