import dataclasses
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from flawflow.errors import ModelFileError
from flawflow.inspection import Inspector
from flawflow.inspection import loading as module
from flawflow.model_file import read_model, write_model
from flawflow.model_file.canary import DRAWINGS
from flawflow.runtime.canary_check import MAX_DIFFERENCE, Proof, record_canaries
from flawflow.runtime.processor import processor

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed"
)


@pytest.fixture
def proven(tmp_path: Path, tiny_graph: bytes, tiny_card) -> Callable[..., Path]:
    """Write the tiny model with its canaries."""

    def write(precision: str = "fp32") -> Path:
        canaries = record_canaries(tiny_graph, tiny_card.size)
        card = dataclasses.replace(tiny_card, canaries=canaries, precision=precision)
        write_model(tmp_path / "proven.flaw", tiny_graph, card)
        return tmp_path / "proven.flaw"

    return write


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[bool]]:
    """Let engines compute otherwise in the named ways; gives the ways that were tried."""
    load = module.load_engine

    def compute_otherwise(*ways: bool, add: float) -> list[bool]:
        tried: list[bool] = []

        class Shifted:
            def __init__(self, engine):
                self.engine = engine

            def run(self, images):
                maps, scores = self.engine.run(images)
                return maps + np.float32(add), scores

        def load_shifted(name, graph, *, safe, **options):
            tried.append(safe)
            engine = load(name, graph, safe=safe, **options)
            return Shifted(engine) if safe in ways else engine

        monkeypatch.setattr(module, "load_engine", load_shifted)
        return tried

    return compute_otherwise


@pytest.mark.parametrize("engine", ["onnxruntime", pytest.param("openvino", marks=needs_openvino)])
@pytest.mark.parametrize("precision", MAX_DIFFERENCE)
def test_a_model_proves_itself(proven, engine: str, precision: str):
    proof = Inspector.load(proven(precision), engine=engine).proof
    assert (proof.engine, proof.safe, set(proof.differences)) == (engine, False, set(DRAWINGS))
    assert 0 <= proof.difference < (1e-2 if precision == "bf16" else 2e-6)
    assert (proof.holds, proof.limit) == (True, MAX_DIFFERENCE[precision])
    for word in (engine, processor(), "computes the same"):
        assert word in proof.sentence


def test_two_parts_of_a_model_differ_as_much_as_the_worse_one():
    one = Proof(engine="onnxruntime", safe=False, differences={"disc": 1e-5, "squares": 3e-5}, limit=1e-4)
    other = Proof(engine="onnxruntime", safe=False, differences={"disc": 2e-5, "squares": 2e-5}, limit=1e-4)
    assert one.with_other(other).differences == {"disc": 2e-5, "squares": 3e-5}
    assert one.with_other(other).difference == 3e-5


def test_what_is_recorded_is_what_the_model_says(tiny_graph: bytes, tiny_card, tiny_model: Path):
    canaries = record_canaries(tiny_graph, tiny_card.size)
    assert canaries == record_canaries(read_model(tiny_model).graph, tiny_card.size)
    disc, squares = canaries
    # The map is brightness: a bright ground around a dark disc; lines of white.
    assert disc.points[0] == disc.score == pytest.approx(230 / 255, abs=1e-6)
    assert disc.points[27] < 0.3
    assert 0.8 < squares.score <= 1


@pytest.mark.parametrize("add", [2e-4, -0.5, np.nan])
def test_where_the_fast_way_is_wrong_the_safe_one_is_taken(proven, wrong, add: float):
    tried = wrong(False, add=add)
    inspector = Inspector.load(proven())
    assert tried == [False, True]
    assert (inspector.proof.safe, inspector.proof.holds) == (True, True)
    assert "in its safe way" in inspector.proof.sentence
    assert inspector.inspect(np.full((32, 32, 3), 51, np.uint8)).score == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("engine", "way_out"),
    [
        ("onnxruntime", "upgrade onnxruntime, or use the engine openvino"),
        pytest.param("openvino", "use the engine onnxruntime", marks=needs_openvino),
    ],
)
def test_where_both_are_wrong_it_is_refused(proven, wrong, engine: str, way_out: str):
    wrong(False, True, add=0.25)
    path = proven()
    with pytest.raises(ModelFileError) as caught:
        Inspector.load(path, engine=engine)
    for word in (
        f"{path}: {engine} ",
        processor(),
        "does not compute the same",
        "0.0001 is allowed",
        way_out,
    ):
        assert word in str(caught.value)


@pytest.mark.parametrize(("precision", "ways"), [("fp32", [False]), ("bf16", [False]), ("int8", [True])])
def test_an_older_file_loads_and_int8_in_the_safe_way(
    tmp_path: Path, tiny_graph: bytes, tiny_card, wrong, precision: str, ways: Sequence[bool]
):
    path = tmp_path / "old.flaw"
    write_model(path, tiny_graph, dataclasses.replace(tiny_card, precision=precision))
    tried = wrong(add=0.0)
    proof = Inspector.load(path).proof
    assert tried == ways
    assert (proof.safe, proof.differences, proof.holds) == (ways[0], {}, True)
    assert "older than canaries" in proof.sentence


def test_another_calibration_keeps_the_proof(proven):
    inspector = Inspector.load(proven())
    rates = inspector.card.calibration.with_rates(false_reject_rate=0.1, review_rate=0.2)
    assert inspector.with_calibration(rates).proof is inspector.proof
