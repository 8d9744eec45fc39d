"""A correction of the light before a model's graph, put there and taken out by bytes alone.

    images → level + 256·channel → curve → × field → rounded to a level again → the graph as it was

The graph behind it stays byte for byte what it was. Where the correction changes nothing, the graph gets the
same levels, so that its scores are the same to the last bit.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import ModelFileError
from flawflow.model_file.protobuf import Field, ProtobufError, delimited, fields, integer

INPUT = "images"

_PREFIX = "flawflow.light."
_CORRECTED = f"{_PREFIX}images"
_MODEL_GRAPH = 7
_NODE, _INITIALIZER = 1, 5
_NODE_INPUT, _NODE_NAME = 1, 3
_TENSOR_NAME = 8
# Numbers of element types in onnx.proto3.
_FLOAT, _UINT8, _INT32 = 1, 2, 6
_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.int32): _INT32}


def with_light(graph: bytes, curve: NDArray[np.float32], field: NDArray[np.float32]) -> bytes:
    """Put a correction before a graph, in place of the one that it may have.

    Args:
        graph: Serialised ONNX ModelProto, without a card, with input `images` uint8 (B, H, W, 3).
        curve: The level that each level becomes, (256, 3) float32.
        field: What it is multiplied by, (H, W, 3) float32.

    Raises:
        ModelFileError: The bytes are no ONNX model.
    """
    constants: dict[str, NDArray[Any]] = {
        "channel": (256 * np.arange(3)).astype(np.int32),
        # Channel by channel, as level + 256·channel counts.
        "curve": curve.T.reshape(-1).astype(np.float32),
        "field": field[None].astype(np.float32),
        "least": np.zeros((), np.float32),
        "most": np.full((), 255, np.float32),
    }
    steps = [
        _node("Cast", [INPUT], "levels", to=_INT32),
        _node("Add", [f"{_PREFIX}levels", f"{_PREFIX}channel"], "places"),
        _node("Gather", [f"{_PREFIX}curve", f"{_PREFIX}places"], "curved"),
        _node("Mul", [f"{_PREFIX}curved", f"{_PREFIX}field"], "lit"),
        _node("Round", [f"{_PREFIX}lit"], "rounded"),
        _node("Clip", [f"{_PREFIX}rounded", f"{_PREFIX}least", f"{_PREFIX}most"], "bounded"),
        _node("Cast", [f"{_PREFIX}bounded"], "images", to=_UINT8),
    ]
    new = [delimited(_NODE, step) for step in steps]
    new += [delimited(_INITIALIZER, _tensor(f"{_PREFIX}{name}", value)) for name, value in constants.items()]
    return _rewritten(graph, b"".join(new), old=INPUT, wanted=_CORRECTED)


def without_light(graph: bytes) -> bytes:
    """Take out the correction that a graph may have; gives the graph as it was before.

    Raises:
        ModelFileError: The bytes are no ONNX model.
    """
    return _rewritten(graph, b"", old=_CORRECTED, wanted=INPUT)


def _rewritten(graph: bytes, new: bytes, *, old: str, wanted: str) -> bytes:
    """A model without the nodes and constants of a correction, with new ones first, and an input renamed."""
    try:
        return b"".join(_model_parts(memoryview(graph), new, old.encode(), wanted.encode()))
    except ProtobufError as error:
        raise ModelFileError(f"the graph is not an ONNX model ({error}): train the model again") from None


def _model_parts(model: memoryview, new: bytes, old: bytes, wanted: bytes) -> Iterator[bytes | memoryview]:
    for part in fields(model):
        if part.number != _MODEL_GRAPH or isinstance(part.value, int):
            yield model[part.start : part.end]
            continue
        inner = part.value
        kept = [_graph_part(inner, each, old, wanted) for each in fields(inner) if not _is_own(each)]
        yield delimited(_MODEL_GRAPH, new + b"".join(kept))


def _graph_part(graph: memoryview, part: Field, old: bytes, wanted: bytes) -> bytes | memoryview:
    if part.number != _NODE or isinstance(part.value, int):
        return graph[part.start : part.end]
    node = part.value
    pieces = [
        delimited(_NODE_INPUT, wanted)
        if piece.number == _NODE_INPUT and not isinstance(piece.value, int) and piece.value == old
        else node[piece.start : piece.end]
        for piece in fields(node)
    ]
    return delimited(_NODE, b"".join(pieces))


def _is_own(part: Field) -> bool:
    """Whether a field of a graph is a node or a constant of a correction."""
    named = {_NODE: _NODE_NAME, _INITIALIZER: _TENSOR_NAME}.get(part.number)
    if named is None or isinstance(part.value, int):
        return False
    return any(
        each.number == named
        and not isinstance(each.value, int)
        and bytes(each.value).startswith(_PREFIX.encode())
        for each in fields(part.value)
    )


def _node(operation: str, inputs: Sequence[str], output: str, *, to: int | None = None) -> bytes:
    """A serialised NodeProto; `to` is a Cast's element type."""
    named = [(_NODE_INPUT, name) for name in inputs]
    named += [(2, f"{_PREFIX}{output}"), (_NODE_NAME, f"{_PREFIX}{output}"), (4, operation)]
    content = b"".join(delimited(part, text.encode()) for part, text in named)
    if to is None:
        return content
    # AttributeProto: name, i, and type INT.
    return content + delimited(5, delimited(1, b"to") + integer(3, to) + integer(20, 2))


def _tensor(name: str, values: NDArray[Any]) -> bytes:
    """A serialised TensorProto: dims, data_type, name, raw_data."""
    content = b"".join(integer(1, side) for side in values.shape)
    content += integer(2, _TYPES[values.dtype]) + delimited(_TENSOR_NAME, name.encode())
    little = values.astype(values.dtype.newbyteorder("<"))
    return content + delimited(9, little.tobytes())
