"""ONNX graphs without their tensors, and the tensors of many graphs, each there once."""

import hashlib
import struct
import zlib
from collections.abc import Sequence

from flawflow.model_file.compact import compacted, expanded
from flawflow.model_file.protobuf import ProtobufError, delimited, fields, inflated

# Of ONNX.
_GRAPH, _METADATA, _INITIALIZER, _TENSOR_NAME = 7, 14, 5, 8
# Of a skeleton.
_MODEL, _REST, _NAME, _NUMBERS = 1, 2, 3, 4
# Nodes and what they are called are a few hundred kilobytes.
_MAX_REST_BYTES = 2**27
_MAX_GRAPH_BYTES = 2**31 - 1


class TensorPool:
    """The tensors of many graphs, in the order of their numbers.

    Attributes:
        tensors: Each as `compacted`.
    """

    def __init__(self, tensors: Sequence[memoryview] = ()) -> None:
        """Begin with tensors of a file that is there."""
        self.tensors: list[bytes | memoryview] = [*tensors]
        self._numbers = {hashlib.sha256(tensor).digest(): number for number, tensor in enumerate(tensors)}

    def skeleton(self, graph: bytes) -> bytes:
        """Take in the tensors of a serialised ModelProto; gives what is left of it, without metadata."""
        model = memoryview(graph)
        parts = [part for part in fields(model) if part.number != _METADATA]
        (whole,) = (part.value for part in parts if part.number == _GRAPH and not isinstance(part.value, int))
        names, numbers, rest = [], [], []
        for part in fields(whole):
            if part.number != _INITIALIZER or isinstance(part.value, int):
                rest.append(bytes(whole[part.start : part.end]))
                continue
            names.append(_name(part.value))
            numbers.append(self._number(part.value))
        outside = b"".join(bytes(model[part.start : part.end]) for part in parts if part.number != _GRAPH)
        return (
            delimited(_MODEL, zlib.compress(outside))
            + delimited(_REST, zlib.compress(b"".join(rest)))
            + b"".join(delimited(_NAME, name) for name in names)
            + delimited(_NUMBERS, struct.pack(f"<{len(numbers)}I", *numbers))
        )

    def _number(self, tensor: memoryview) -> int:
        content = compacted(tensor)
        digest = hashlib.sha256(content).digest()
        if digest not in self._numbers:
            self._numbers[digest] = len(self.tensors)
            self.tensors.append(content)
        return self._numbers[digest]


def assembled(skeleton: memoryview, tensors: Sequence[memoryview]) -> bytes:
    """The serialised ModelProto of a skeleton.

    Args:
        skeleton: As of `TensorPool.skeleton`.
        tensors: All tensors of the pool.

    Raises:
        ProtobufError: It is none, or names tensors that are not there.
    """
    parts = [(part.number, part.value) for part in fields(skeleton) if not isinstance(part.value, int)]
    single = {number: value for number, value in parts if number != _NAME}
    names = [bytes(value) for number, value in parts if number == _NAME]
    packed = bytes(single.get(_NUMBERS, b""))
    if len(packed) != 4 * len(names) or not {_MODEL, _REST} <= single.keys():
        raise ProtobufError("a graph that is not whole")
    numbers = struct.unpack(f"<{len(names)}I", packed)
    if max(numbers, default=0) >= len(tensors):
        raise ProtobufError("a graph of tensors that are not there")
    own, room = [], _MAX_GRAPH_BYTES
    for name, number in zip(names, numbers, strict=True):
        own.append(delimited(_INITIALIZER, expanded(tensors[number]) + delimited(_TENSOR_NAME, name)))
        room -= len(own[-1])
        if room < 0:
            raise ProtobufError("a graph of more than 2 GiB")
    model, rest = (inflated(single[key], _MAX_REST_BYTES, what="a graph") for key in (_MODEL, _REST))
    return model + delimited(_GRAPH, rest + b"".join(own))


def _name(tensor: memoryview) -> bytes:
    found = (part.value for part in fields(tensor) if part.number == _TENSOR_NAME)
    return next((bytes(value) for value in found if not isinstance(value, int)), b"")
