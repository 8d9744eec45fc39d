"""One picture, one verdict: in torch, in every engine, in every precision, in any batch."""

import importlib.util
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow.card import PRECISIONS
from flawflow.export.convert import convert
from flawflow.inspect.engine import ENGINES, Engine, load_engine
from flawflow.judge.calibration import Calibration
from flawflow.model_file import read_model
from flawflow.picture import read_picture, resize_picture

BATCHES = (1, 3, 32)
Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]

CASES: dict[str, dict[str, Any]] = {
    "seed-0": {},
    "64x128-nice": {"size": (64, 128), "flow": "nice"},
    "96x96-glow": {"size": (96, 96), "flow": "glow"},
    "padim": {"detector": "padim"},
    "padim-pooled": {"detector": "padim-pooled"},
    "patchcore": {"detector": "patchcore"},
    "knn": {"detector": "knn"},
}

# How far maps and scores may be from torch's, and from the other engine's, as a share of the largest value.
# bf16 is computed in bfloat16 by OpenVINO alone and only where the processor can. What int8 loses depends on
# the model, and the gate of the export measures it; two engines round 8-bit numbers at other places.
FROM_TORCH = {"fp32": 1e-4, "fp16": 2e-3, "bf16": 4e-2}
BETWEEN_ENGINES = {"fp32": 1e-4, "fp16": 1e-4, "bf16": 4e-2, "int8": 5e-2}


@dataclass(frozen=True)
class Case:
    expected: Outputs
    pictures: NDArray[np.uint8]
    graphs: dict[str, bytes]


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, trained: Callable[..., Any], parts: Path) -> Case:
    made = trained(request.param, **CASES[request.param])
    content = read_model(made.result.model)
    paths = sorted((parts / "test").rglob("*.png")) + sorted((parts / "train").rglob("*.png"))
    some = [resize_picture(read_picture(path), content.card.size) for path in paths]
    pictures = np.stack((some * 3)[: max(BATCHES)])
    with torch.inference_mode():
        expected = tuple(output.numpy() for output in made.model(torch.from_numpy(pictures)))
    graphs = {
        precision: convert(content.graph, precision, pictures=some[-6:], distance=lambda _: 0.0, near=0.0)
        for precision in PRECISIONS
    }
    return Case((expected[0], expected[1]), pictures, graphs)


def engines(graph: bytes, precision: str) -> dict[str, Engine]:
    installed = [name for name in ENGINES if importlib.util.find_spec(name) is not None]
    return {name: load_engine(name, graph, precision=precision, threads=1) for name in installed}


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_both_engines_are_tested() -> None:
    assert set(ENGINES) == {"onnxruntime", "openvino"}


@pytest.mark.parametrize("case", CASES, indirect=True)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_torch_and_all_engines_agree(case: Case, precision: str) -> None:
    found = {}
    for name, engine in engines(case.graphs[precision], precision).items():
        maps, scores = engine.run(case.pictures)
        if precision in FROM_TORCH:
            assert_near((maps, scores), case.expected, case.expected, FROM_TORCH[precision])
        for batch in BATCHES:
            some_maps, some_scores = engine.run(case.pictures[-batch:])
            np.testing.assert_array_equal(some_maps, maps[-batch:])
            np.testing.assert_array_equal(some_scores, scores[-batch:])
        found[name] = (maps, scores)
    for outputs in found.values():
        assert_near(outputs, found["onnxruntime"], case.expected, BETWEEN_ENGINES[precision])


@pytest.mark.parametrize("case", CASES, indirect=True)
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
