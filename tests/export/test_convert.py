import numpy as np
import onnx
import pytest

from flawflow.export.convert import convert
from flawflow.model_file import read_model
from flawflow.model_file.card import PRECISIONS
from flawflow.runtime.engine import OnnxRuntimeEngine


@pytest.fixture
def pictures(rng) -> list[np.ndarray]:
    return list(rng.integers(0, 256, (4, 32, 32, 3), np.uint8))


def kinds(graph: bytes) -> set[int]:
    return {tensor.data_type for tensor in onnx.load_from_string(graph).graph.initializer}


def nowhere_near(graph: bytes) -> float:
    return 1.0


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_is_a_graph_without_card_or_notes(tiny_model, two_convolutions, pictures, precision):
    note = two_convolutions.graph.node[0].metadata_props.add()
    note.key, note.value = "stack_trace", "/home/someone/secret.py"
    two_convolutions.metadata_props.add(key="flawflow.card", value="{}")
    two_convolutions.metadata_props.add(key="maker", value="kept")
    graph = convert(
        two_convolutions.SerializeToString(), precision, pictures=pictures, distance=nowhere_near, near=0.5
    )
    model = onnx.load_from_string(graph)
    assert [(entry.key, entry.value) for entry in model.metadata_props if "flawflow" in entry.key] == []
    assert "kept" in [entry.value for entry in model.metadata_props]
    assert b"secret" not in graph
    maps, _ = OnnxRuntimeEngine(graph).run(np.stack(pictures))
    assert maps.shape == (4, 32, 32)


def test_fp32_changes_nothing(tiny_model, pictures):
    source = read_model(tiny_model).graph
    graph = convert(source, "fp32", distance=nowhere_near, near=0.5)
    for a, b in zip(
        OnnxRuntimeEngine(graph).run(np.stack(pictures)),
        OnnxRuntimeEngine(source).run(np.stack(pictures)),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_only_int8_has_eight_bits(two_convolutions, pictures):
    source = two_convolutions.SerializeToString()
    eight = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
    for precision in PRECISIONS:
        graph = convert(source, precision, pictures=pictures, distance=lambda _: 0.0, near=0.5)
        assert bool(eight & kinds(graph)) == (precision == "int8")
        assert (onnx.TensorProto.FLOAT16 in kinds(graph)) == (precision in ("fp16", "bf16"))


@pytest.mark.parametrize(("distances", "kept"), [([0.4], 0), ([0.6, 0.4], 1), ([0.9, 0.8], 1)])
def test_the_first_strides_stay_as_far_as_need_be(two_convolutions, pictures, distances, kept):
    asked = iter(distances)
    graph = convert(
        two_convolutions.SerializeToString(),
        "int8",
        pictures=pictures,
        distance=lambda _: next(asked),
        near=0.5,
    )
    # The last choice still has something in 8 bits.
    assert (onnx.TensorProto.FLOAT16 in kinds(graph)) == bool(kept)
    assert onnx.TensorProto.INT8 in kinds(graph)
    assert list(asked) == []
