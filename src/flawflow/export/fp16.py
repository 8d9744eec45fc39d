"""Weights in 16 bits."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Smaller tensors are left alone: a cast would take more bytes than it spares.
_MIN_ELEMENTS = 64
# float16 keeps 11 binary digits down to 2⁻¹⁴. Where more than this share of a tensor's largest value is lost,
# its values are out of that range.
_MAX_ROUNDING = 2.0**-11


def to_fp16(model: onnx.ModelProto) -> None:
    """Keep a model's weights as float16, in place, and cast them to float32 where they are used.

    Engines cast once, at loading, and compute as before. Left as they are: tensors that float16 cannot hold
    to its own 11 binary digits, and the scales of quantised tensors, which engines look for.
    """
    graph = model.graph
    scales = {
        name
        for node in graph.node
        if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        for name in node.input
    }
    casts = []
    for tensor in graph.initializer:
        if tensor.name in scales or (half := _as_fp16(tensor)) is None:
            continue
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(half)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _as_fp16(tensor: TensorProto) -> TensorProto | None:
    """The tensor as float16 under another name; None where it is to be kept."""
    if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _MIN_ELEMENTS:
        return None
    values = numpy_helper.to_array(tensor)
    with np.errstate(over="ignore", invalid="ignore"):
        half = values.astype(np.float16)
        fits = np.abs(half - values).max() <= _MAX_ROUNDING * np.abs(values).max()
    if not fits:
        return None
    return numpy_helper.from_array(half, f"{tensor.name}.float16")
