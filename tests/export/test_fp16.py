import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnx import TensorProto, helper, numpy_helper

from flawflow.export.fp16 import to_fp16
from flawflow.runtime.engine import OnnxRuntimeEngine


def kinds(model: onnx.ModelProto) -> dict[str, int]:
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def with_weights(values: np.ndarray) -> onnx.ModelProto:
    node = helper.make_node("Add", ["x", "weights"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [len(values)]) for name in "xy"]
    graph = helper.make_graph([node], "sum", ends[:1], ends[1:], [numpy_helper.from_array(values, "weights")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def test_large_tensors_halve_and_the_model_says_almost_the_same(two_convolutions, rng):
    pictures = rng.integers(0, 256, (3, 32, 32, 3), np.uint8)
    before = OnnxRuntimeEngine(two_convolutions.SerializeToString()).run(pictures)
    to_fp16(two_convolutions)
    onnx.checker.check_model(two_convolutions, full_check=True)
    found = kinds(two_convolutions)
    assert found["first.float16"] == found["second.float16"] == TensorProto.FLOAT16
    assert found["scales"] == TensorProto.FLOAT
    after = OnnxRuntimeEngine(two_convolutions.SerializeToString()).run(pictures)
    for a, b in zip(after, before, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3)
        assert (a != b).any()


@pytest.mark.parametrize("value", [1e5, 1e-6, np.inf])
def test_what_float16_cannot_hold_stays(value: float):
    model = with_weights(np.full(64, value, np.float32))
    to_fp16(model)
    assert kinds(model) == {"weights": TensorProto.FLOAT}


@given(arrays.arrays(np.float32, 64, elements=st.floats(-1e6, 1e6, width=32)))
def test_law_no_weight_moves_by_more_than_a_bit_of_float16(values: np.ndarray):
    model = with_weights(values)
    to_fp16(model)
    kept = numpy_helper.to_array(model.graph.initializer[0]).astype(np.float32)
    assert np.abs(kept - values).max() <= 2.0**-11 * np.abs(values).max()


def test_scales_of_quantised_tensors_stay():
    scales = np.full(64, 0.5, np.float32)
    node = helper.make_node("QuantizeLinear", ["x", "scales"], ["y"], axis=0)
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [64]),
        helper.make_tensor_value_info("y", TensorProto.UINT8, [64]),
    ]
    graph = helper.make_graph(
        [node], "rounding", ends[:1], ends[1:], [numpy_helper.from_array(scales, "scales")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    to_fp16(model)
    assert kinds(model) == {"scales": TensorProto.FLOAT}
