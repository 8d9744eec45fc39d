import logging

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from flawflow.errors import ExportError
from flawflow.export.int8 import convolutions, quantise_convolutions
from flawflow.runtime.engine import OnnxRuntimeEngine


def eight_bit_weights(model: onnx.ModelProto) -> set[str]:
    tensors = model.graph.initializer
    return {
        tensor.name.partition("_quantized")[0]
        for tensor in tensors
        if tensor.data_type == onnx.TensorProto.INT8 and tensor.name.endswith("_quantized")
    }


def test_convolutions_are_named_with_their_stride(two_convolutions):
    assert convolutions(two_convolutions) == [("conv1", 2), ("conv2", 4)]


def test_a_model_without_any_is_refused(two_convolutions):
    for node in two_convolutions.graph.node:
        node.op_type = node.op_type.replace("Conv", "ConvInteger")
    with pytest.raises(ExportError, match="no convolutions"):
        convolutions(two_convolutions)


@pytest.mark.parametrize(("above", "expected"), [(0, {"first", "second"}), (2, {"second"})])
def test_convolutions_up_to_a_stride_stay(two_convolutions, rng, caplog, above, expected):
    before = two_convolutions.SerializeToString()
    pictures = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    with caplog.at_level(logging.DEBUG):
        quantised = quantise_convolutions(two_convolutions, list(pictures), above=above)
    assert two_convolutions.SerializeToString() == before
    assert caplog.records == []
    assert logging.root.filters == []
    onnx.checker.check_model(quantised, full_check=True)
    assert eight_bit_weights(quantised) == expected
    wanted, _ = OnnxRuntimeEngine(before).run(pictures)
    found, _ = OnnxRuntimeEngine(quantised.SerializeToString()).run(pictures)
    difference = np.abs(found - wanted).max() / wanted.max()
    assert 1e-5 < difference < 0.05


def test_sums_of_two_products_fit_into_16_bits(two_convolutions, rng):
    pictures = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    quantised = quantise_convolutions(two_convolutions, list(pictures), above=0)
    weights = [
        numpy_helper.to_array(tensor).astype(int)
        for tensor in quantised.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and tensor.dims
    ]
    largest = max(np.abs(tensor).max() for tensor in weights)
    assert 2 * 255 * largest <= np.iinfo(np.int16).max
    assert largest >= 60


def test_what_follows_the_encoder_reads_exact_features(two_convolutions, rng):
    pictures = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    quantised = quantise_convolutions(two_convolutions, list(pictures), above=0)
    (addition,) = [node for node in quantised.graph.node if node.op_type == "Add"]
    makers = {output: node.op_type for node in quantised.graph.node for output in node.output}
    assert makers[addition.input[0]] == "Relu"
    (growing,) = [node for node in quantised.graph.node if node.output[0] == "grown"]
    assert makers[growing.input[0]] == "Relu"
    assert [node.op_type for node in quantised.graph.node].count("Relu") == 2
    read = {name for node in quantised.graph.node for name in node.input}
    made = {name for node in quantised.graph.node for name in node.output}
    assert made - read == {"pred_score"}
    assert {tensor.name for tensor in quantised.graph.initializer} <= read


def test_sums_within_the_encoder_are_rounded_too(two_convolutions, rng):
    graph = two_convolutions.graph
    graph.node[4].input[0] = "residual"
    graph.node.insert(4, onnx.helper.make_node("Add", ["fine", "fine"], ["residual"], name="sum"))
    graph.node[3].op_type = "Identity"
    graph.node[4].input[0] = "sum1"
    pictures = rng.integers(0, 256, (4, 32, 32, 3), np.uint8)
    quantised = quantise_convolutions(two_convolutions, list(pictures), above=0)
    makers = {output: node.op_type for node in quantised.graph.node for output in node.output}
    additions = {node.output[0]: node for node in quantised.graph.node if node.op_type == "Add"}
    assert [makers[name] for name in additions["residual"].input] == ["DequantizeLinear"] * 2
    assert makers[additions["both"].input[0]] == "Identity"
