"""Engines by name, those of other packages among them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from flawflow.cli import main
from flawflow.errors import EngineError
from flawflow.inspection.inspector import Inspector
from flawflow.runtime.engines import ENGINES, engine_kind

_PACKAGE = """
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.runtime.engines import EngineKind

__version__ = "1.2-beta"
OTHER = EngineKind(home="other_engine:OtherEngine", package="other_engine", way_out="use another one")
ODD = 5

class OtherEngine(OnnxRuntimeEngine):
    pass
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of others with three entry points, of which two lead nowhere."""
    (tmp_path / "other_engine.py").write_text(_PACKAGE)
    about = tmp_path / "other_engine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other-engine\nVersion: 1.0\n")
    points = "other = other_engine:OTHER\ngone = no_such_module:KIND\nodd = other_engine:ODD\n"
    (about / "entry_points.txt").write_text(f"[flawflow.engines]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "other_engine", raising=False)


def flawflow(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "400"}).invoke(main, [str(argument) for argument in arguments])


@pytest.mark.usefixtures("installed")
def test_an_engine_of_others_inspects_and_is_an_option(tiny_model: Path):
    inspector = Inspector.load(tiny_model, engine="other")
    assert inspector.inspect(np.full((32, 32, 3), 255, np.uint8)).verdict == "NG"
    assert engine_kind("other").version == "1.2"
    checked = flawflow("card", tiny_model, "--check", "--engine", "other")
    assert "other 1.2 on" in checked.output


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "onnxruntime, openvino, gone, odd, other"),
        ("gone", "no_such_module"),
        ("odd", "is no EngineKind"),
    ],
)
def test_what_is_no_engine_is_told(name: str, said: str, tiny_model: Path):
    with pytest.raises(ValueError, match=said):
        engine_kind(name)
    result = flawflow("inspect", tiny_model, "x.png", "-o", "out", "--engine", name)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_engines_of_flawflow_need_no_search(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.metadata.entry_points", None)
    assert [engine_kind(name) for name in ENGINES] == list(ENGINES.values())


@pytest.mark.parametrize("engine", ["onnxruntime:CPUExecutionProvider", "openvino:CPU", "openvino:AUTO"])
def test_a_device_gives_the_same_scores(tiny_model: Path, rng: np.random.Generator, engine: str):
    if engine.startswith("openvino"):
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    picture = rng.integers(0, 256, (32, 32, 3), np.uint8)
    inspector = Inspector.load(tiny_model, engine=engine)
    assert inspector.inspect(picture).score == pytest.approx(
        Inspector.load(tiny_model).inspect(picture).score
    )
    assert inspector.proof.engine == engine
    assert engine in inspector.proof.sentence


@pytest.mark.parametrize(
    ("engine", "device", "said"),
    [
        ("onnxruntime", "NPU", "the engine onnxruntime has no device NPU here: choose of "),
        ("openvino", "NPU7", "the engine openvino has no device NPU7 here: choose of "),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_those_that_are(
    tiny_model: Path, tmp_path: Path, engine: str, device: str, said: str
):
    if engine == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    (tmp_path / "in").mkdir()
    for words in (
        ("watch", tmp_path / "in", "--model", tiny_model, "-o", tmp_path / "out"),
        ("serve", tiny_model, "--data", tmp_path / "data", "--port", 0),
    ):
        done = flawflow(*words, "--engine", engine, "--device", device)
        assert done.exit_code == 2
        assert said in done.output
        assert "CPU" in done.output.partition(said)[2]
        assert "Azure" not in done.output


@pytest.mark.usefixtures("installed")
def test_an_engine_without_devices_says_so(tiny_model: Path):
    with pytest.raises(EngineError, match="other has no choice of devices"):
        Inspector.load(tiny_model, engine="other:GPU")
