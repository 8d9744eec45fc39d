import numpy as np
import onnx
import pytest

from flawflow.errors import ModelFileError
from flawflow.inspection.light import LightCorrection
from flawflow.model_file.light_graph import with_light, without_light
from flawflow.runtime.engine import OnnxRuntimeEngine

LEVELS = np.arange(256, dtype=np.float32)[:, None].repeat(3, axis=1)
ONES = np.ones((32, 32, 3), np.float32)


@pytest.fixture
def pictures(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def correction(rng: np.random.Generator) -> LightCorrection:
    curve = np.sort(rng.uniform(0, 300, (256, 3)), axis=0).astype(np.float32)
    return LightCorrection(curve, rng.uniform(0.5, 1.5, (32, 32, 3)).astype(np.float32))


def test_a_correction_that_changes_nothing_leaves_every_bit(tiny_graph: bytes, pictures: np.ndarray):
    before, after = (OnnxRuntimeEngine(graph) for graph in (tiny_graph, with_light(tiny_graph, LEVELS, ONES)))
    for one, other in zip(before.run(pictures), after.run(pictures), strict=True):
        assert np.array_equal(one, other)


def test_a_graph_sees_what_the_correction_gives(
    tiny_graph: bytes, pictures: np.ndarray, correction: LightCorrection
):
    graph = with_light(tiny_graph, correction.curve, correction.field)
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    seen = np.stack([correction(picture) for picture in pictures])
    assert not np.array_equal(seen, pictures)
    for one, other in zip(
        OnnxRuntimeEngine(graph).run(pictures), OnnxRuntimeEngine(tiny_graph).run(seen), strict=True
    ):
        assert np.array_equal(one, other)


def test_a_correction_is_taken_out_and_replaced(tiny_graph: bytes, correction: LightCorrection):
    lit = with_light(tiny_graph, correction.curve, correction.field)
    assert onnx.load_from_string(without_light(lit)) == onnx.load_from_string(tiny_graph)
    assert without_light(tiny_graph) == tiny_graph
    assert with_light(lit, LEVELS, ONES) == with_light(without_light(lit), LEVELS, ONES)


@pytest.mark.parametrize("graph", [b"\xff", b"\x3a\x7fcut"])
def test_what_is_no_graph_is_refused_in_a_sentence(graph: bytes):
    with pytest.raises(ModelFileError, match=r"is not an ONNX model .*: train the model again"):
        with_light(graph, LEVELS, ONES)
