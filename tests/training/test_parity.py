"""One picture, one verdict: in torch, in every engine, in every precision, in any batch."""

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow.decision.calibration import Calibration
from flawflow.export import int8
from flawflow.export.convert import convert
from flawflow.images import read_image, resize_image
from flawflow.model_file import read_model, write_model
from flawflow.model_file.card import PRECISIONS, Card
from flawflow.runtime.canary_check import MAX_DIFFERENCE, record_canaries
from flawflow.runtime.engine import Engine
from flawflow.runtime.engines import ENGINES, load_engine

BATCHES = (1, 3, 32)
Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]

CASES: dict[str, dict[str, Any]] = {
    "seed-0": {},
    "64x128-nice": {"size": (64, 128), "detector.flow": "nice"},
    "96x96-glow": {"size": (96, 96), "detector.flow": "glow"},
    "padim": {"detector": "padim"},
    "padim-pooled": {"detector": "padim-pooled"},
    # Its graph is that of knn, too, whose distances of the pictures that it remembers here would be rounding.
    "patchcore": {"detector": "patchcore"},
    "dfr": {"detector": "dfr", "detector.steps": 20},
    "students": {"detector": "students", "detector.steps": 3, "detector.width": 8},
}

# Two of them are for every day.
EACH = [pytest.param(name, marks=[] if name in ("seed-0", "padim") else pytest.mark.slow) for name in CASES]

# How far maps and scores may be from torch's, and from the other engine's, as a share of the largest value.
# bf16 is computed in bfloat16 by OpenVINO alone and only where the processor can. What int8 loses depends on
# the model, and the gate of the export measures it; two engines round 8-bit numbers at other places.
FROM_TORCH = {"fp32": 1e-4, "fp16": 2e-3, "bf16": 4e-2}
BETWEEN_ENGINES = MAX_DIFFERENCE | {"bf16": 4e-2}


@dataclass(frozen=True)
class Case:
    expected: Outputs
    pictures: NDArray[np.uint8]
    graphs: dict[str, bytes]
    card: Card


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, trained: Callable[..., Any], parts: Path) -> Case:
    made = trained(request.param, changes=CASES[request.param])
    content = read_model(made.result.model)
    paths = sorted((parts / "test").rglob("*.png")) + sorted((parts / "train").rglob("*.png"))
    some = [resize_image(read_image(path), content.card.size) for path in paths]
    pictures = np.stack((some * 3)[: max(BATCHES)])
    with torch.inference_mode():
        expected = tuple(output.numpy() for output in made.model(torch.from_numpy(pictures)))
    graphs = {
        precision: convert(content.graph, precision, pictures=some[-6:], distance=lambda _: 0.0, near=0.0)
        for precision in PRECISIONS
    }
    return Case((expected[0], expected[1]), pictures, graphs, content.card)


def engines(graph: bytes, precision: str) -> dict[str, Engine]:
    installed = [name for name in ENGINES if importlib.util.find_spec(name) is not None]
    return {name: load_engine(name, graph, precision=precision, threads=1) for name in installed}


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_both_engines_are_tested() -> None:
    assert set(ENGINES) == {"onnxruntime", "openvino"}


@pytest.mark.parametrize("case", EACH, indirect=True)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_torch_and_all_engines_agree(case: Case, precision: str) -> None:
    found = {}
    for name, engine in engines(case.graphs[precision], precision).items():
        maps, scores, *evidence = engine.run(case.pictures)
        if precision in FROM_TORCH:
            assert_near((maps, scores), case.expected, case.expected, FROM_TORCH[precision])
        for batch in BATCHES:
            some_maps, some_scores, *some_evidence = engine.run(case.pictures[-batch:])
            np.testing.assert_array_equal(some_maps, maps[-batch:])
            np.testing.assert_array_equal(some_scores, scores[-batch:])
            np.testing.assert_array_equal(some_evidence, [each[-batch:] for each in evidence])
        found[name] = (maps, scores)
    for outputs in found.values():
        assert_near(outputs, found["onnxruntime"], case.expected, BETWEEN_ENGINES[precision])


ELSEWHERE = """
import sys
import numpy as np
from flawflow.runtime.engines import load_engine
graph, pictures, target = sys.argv[1:]
with open(graph, "rb") as file:
    engine = load_engine("openvino", file.read(), precision="int8", threads=1)
np.savez(target, *engine.run(np.load(pictures)))
"""


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
@pytest.mark.parametrize("case", ["padim"], indirect=True)
@pytest.mark.parametrize("instructions", ["AVX2", "AVX512_CORE"])
def test_int8_is_the_same_on_processors_without_vnni(case: Case, instructions: str, tmp_path: Path) -> None:
    # The instructions that OpenVINO takes; ONNX Runtime always takes the best that there are.
    paths = tmp_path / "graph.onnx", tmp_path / "pictures.npy", tmp_path / "found.npz"
    paths[0].write_bytes(case.graphs["int8"])
    np.save(paths[1], case.pictures)
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": instructions}
    subprocess.run([sys.executable, "-c", ELSEWHERE, *paths], check=True, env=environment)
    with np.load(paths[2]) as found:
        outputs = found["arr_0"], found["arr_1"]
    here = load_engine("onnxruntime", case.graphs["int8"], precision="int8").run(case.pictures)
    assert_near(outputs, here, case.expected, BETWEEN_ENGINES["int8"])


PROOF = """
import sys
from flawflow.inspection import Inspector
proof = Inspector.load(sys.argv[1], engine="openvino", threads=1).proof
print(proof.safe, proof.holds)
"""


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
@pytest.mark.parametrize("case", ["seed-0"], indirect=True)
@pytest.mark.parametrize("bits", [7, 8])
def test_canaries_notice_products_that_saturate(
    case: Case, bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quantize = int8.quantize_static

    def with_weights_of_8_bits(*files: Any, reduce_range: bool, **options: Any) -> None:
        assert reduce_range
        quantize(*files, reduce_range=bits == 7, **options)

    monkeypatch.setattr(int8, "quantize_static", with_weights_of_8_bits)
    pictures = list(case.pictures[-6:])
    graph = convert(case.graphs["fp32"], "int8", pictures=pictures, distance=lambda _: 0.0, near=0.0)
    canaries = record_canaries(graph, case.card.size)
    path = tmp_path / "model.flaw"
    write_model(path, graph, replace(case.card, precision="int8", canaries=canaries))
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    command = [sys.executable, "-c", PROOF, str(path)]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    assert done.stdout.split() == [str(bits == 8), "True"]


@pytest.mark.parametrize("case", EACH, indirect=True)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_p_values_and_verdicts_are_the_same_in_every_engine(case: Case, precision: str) -> None:
    scores = {
        name: engine.run(case.pictures)[1].tolist()
        for name, engine in engines(case.graphs[precision], precision).items()
    }
    # Thresholds between the scores: one that is a picture's own score is met or missed by the last bit.
    levels = sorted(set(scores["onnxruntime"]))
    between = tuple((low + high) / 2 for low, high in itertools.pairwise(levels))
    calibration = Calibration(scores=between, pixel_threshold=0.0, false_reject_rate=0.1, review_rate=0.4)
    judged = [
        [(calibration.p_value(score), calibration.verdict(score)) for score in found]
        for found in scores.values()
    ]
    assert {verdict for _, verdict in judged[0]} == {"OK", "REVIEW", "NG"}
    assert all(other == judged[0] for other in judged)


def assert_near(found: Outputs, wanted: Outputs, sized_by: Outputs, tolerance: float) -> None:
    for a, b, size in zip(found, wanted, sized_by, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, float(np.abs(size).max())))
