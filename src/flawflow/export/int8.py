"""An encoder's convolutions in 8 bits."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from flawflow.errors import ExportError
from flawflow.runtime.engine import INPUT

_KINDS = ["Conv", "Add"]


def convolutions(model: onnx.ModelProto) -> list[tuple[str, int]]:
    """Name the convolutions, each with its stride: rows of the picture for a row of what it gives.

    Raises:
        ExportError: There is none.
    """
    shaped = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*shaped.value_info, *shaped.input, *shaped.output)
    }
    rows = shapes[INPUT][1]
    found = [
        (node.name, rows // shapes[node.output[0]][2]) for node in model.graph.node if node.op_type == "Conv"
    ]
    if not found:
        raise ExportError("the model's encoder has no convolutions to keep in 8 bits: export it to fp16")
    return found


def quantise_convolutions(
    model: onnx.ModelProto, pictures: Sequence[NDArray[np.uint8]], *, above: int
) -> onnx.ModelProto:
    """Let convolutions multiply integers: weights of 7 bits by output channel, features of 8 by tensor.

    Args:
        model: With input `images`; stays as it is.
        pictures: Good pictures of the graph's size, (H, W, 3); their extremes set the ranges.
        above: Convolutions of this stride and below stay as they are.

    Returns:
        Another model, with pairs of QuantizeLinear and DequantizeLinear.
    """
    chosen = [name for name, stride in convolutions(model) if stride > above]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, target = Path(folder, "model.onnx"), Path(folder, "quantised.onnx")
        # As a file: a model given as an object would have its tensors moved to other files.
        source.write_bytes(model.SerializeToString())
        quantize_static(
            source,
            target,
            _Pictures(pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_KINDS,
            nodes_to_quantize=[*chosen, *_sums(model.graph, set(chosen))],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Weights of 7 bits, within ±64: processors without VNNI add two products in 16 bits, which
            # 255 · 127 · 2 exceeds and 255 · 64 · 2 does not. So every processor computes the same.
            reduce_range=True,
            # Only what goes in is rounded; engines see themselves that it may be done with what comes out.
            extra_options={"OpTypesToExcludeOutputQuantization": _KINDS},
        )
        quantised = onnx.load(target)
    _restore_features(quantised.graph, model.graph)
    return quantised


def _sums(graph: onnx.GraphProto, chosen: set[str]) -> list[str]:
    """Name the sums of what chosen convolutions give: without them ONNX Runtime rounds nothing there."""
    given = {node.output[0] for node in graph.node if node.name in chosen}
    leading = _leading_to_convolutions(graph)
    return [
        node.name
        for node in graph.node
        if node.op_type == "Add" and given.intersection(node.input) and leading.intersection(node.output)
    ]


def _restore_features(graph: onnx.GraphProto, source: onnx.GraphProto) -> None:
    """Let what follows the encoder read features that were not rounded to 8 bits, in place.

    Besides being nearer to what was learned, it keeps engines from going on in 8 bits where nobody set
    ranges for it: OpenVINO 2026.4 did so across an average of features, and was wrong.
    """
    makers = {output: node for node in source.node for output in node.output}
    leading = _leading_to_convolutions(graph)
    for node in graph.node:
        follows = not (node.op_type == "Conv" or leading.intersection(node.output))
        if follows and node.output[0] in makers:
            node.CopyFrom(makers[node.output[0]])
    _drop_unread(graph)


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Drop nodes and constants that nothing reads, in place."""
    read = {output.name for output in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if read.intersection(node.output):
            nodes.append(node)
            read.update(node.input)
    constants = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(nodes))
    graph.initializer.extend(constants)


def _leading_to_convolutions(graph: onnx.GraphProto) -> set[str]:
    """The tensors that some convolution depends on."""
    leading: set[str] = set()
    for node in reversed(graph.node):
        if node.op_type == "Conv" or leading.intersection(node.output):
            leading.update(node.input)
    return leading


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._rest = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """Give one more picture, or None at the end, as ONNX Runtime asks for it."""
        picture = next(self._rest, None)
        return None if picture is None else {INPUT: picture[None]}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop advice of ONNX Runtime's that does not concern a graph without batch normalisation.

    It is given to the root logger itself, whose filters see nothing of other loggers.
    """
    logging.root.addFilter(_is_no_advice)
    try:
        yield
    finally:
        logging.root.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "onnxruntime" not in record.pathname or record.levelno > logging.WARNING
