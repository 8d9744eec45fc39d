"""Tensors of ONNX graphs in few bytes, from which the same tensors come back, bit for bit.

What was rounded before it was measured by (`flawflow.training.detectors.rounding`) is stored in 16 or 8 bits
a value; all else is stored as it is. Everything is deflated.

    {1: what a TensorProto says but for name and values} and one of
    {2: a whole TensorProto but for its name} {3: float32} {4: float16} {5: int8, 6: a step for each column}
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from flawflow.model_file.protobuf import Field, ProtobufError, delimited, fields, inflated, packed

_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_FLOAT = 1
_HEADER, _WHOLE, _SINGLE, _HALF, _LEVELS, _STEPS = 1, 2, 3, 4, 5, 6
# Smaller ones are stored as they are.
_MIN_BYTES = 1024
_HIGHEST_LEVEL = 127
# No tensor of an ONNX file is larger.
_MAX_BYTES = 2**31 - 1


def compacted(tensor: memoryview) -> bytes:
    """A serialised TensorProto in few bytes, without its name."""
    parts = [part for part in fields(tensor) if part.number != _NAME]
    raw = next(
        (part.value for part in parts if part.number == _RAW and not isinstance(part.value, int)), None
    )
    is_float = any(part.number == _TYPE and part.value == _FLOAT for part in parts)
    if raw is None or not is_float or len(raw) < _MIN_BYTES:
        return delimited(_WHOLE, _deflated(_joined(tensor, parts)))
    header = delimited(_HEADER, _joined(tensor, [part for part in parts if part.number != _RAW]))
    values = np.frombuffer(raw, "<f4")
    with np.errstate(over="ignore", invalid="ignore"):
        half = values.astype("<f2")
    if half.astype("<f4").tobytes() == bytes(raw):
        return header + delimited(_HALF, _deflated(half.tobytes()))
    levels = _as_levels(values, _dims(parts))
    if levels is not None:
        whole, steps = levels
        return (
            header
            + delimited(_LEVELS, _deflated(whole.tobytes()))
            + delimited(_STEPS, _deflated(steps.tobytes()))
        )
    return header + delimited(_SINGLE, _deflated(bytes(raw)))


def expanded(content: memoryview) -> bytes:
    """The serialised TensorProto, without its name, that `compacted` was given.

    Raises:
        ProtobufError: The content is none of this kind.
    """
    parts = {part.number: part.value for part in fields(content) if not isinstance(part.value, int)}
    if _WHOLE in parts:
        return inflated(parts[_WHOLE], _MAX_BYTES, what="values")
    header = bytes(parts.get(_HEADER, b""))
    dims = _dims([*fields(memoryview(header))])
    count = int(np.prod(dims, dtype=object))
    if not 0 < 4 * count <= _MAX_BYTES:
        raise ProtobufError(f"a tensor of {count} values")
    if _SINGLE in parts:
        raw = _exactly(parts[_SINGLE], 4 * count)
    elif _HALF in parts:
        raw = np.frombuffer(_exactly(parts[_HALF], 2 * count), "<f2").astype("<f4").tobytes()
    elif _LEVELS in parts and _STEPS in parts and len(dims) == 3:
        whole = np.frombuffer(_exactly(parts[_LEVELS], count), np.int8).reshape(dims)
        steps = np.frombuffer(_exactly(parts[_STEPS], 4 * count // dims[1]), "<f4")
        raw = (whole.astype("<f4") * steps.reshape(dims[0], 1, dims[2])).tobytes()
    else:
        raise ProtobufError("a tensor without values")
    return header + delimited(_RAW, raw)


def _as_levels(
    values: NDArray[np.float32], dims: tuple[int, ...]
) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """Levels and the step of each column, (cells, 1, R), that give exactly these (cells, D, R); or None."""
    if len(dims) != 3:
        return None
    columns = values.reshape(dims)
    steps = np.abs(columns).max(axis=1, keepdims=True) / np.float32(_HIGHEST_LEVEL)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.where(steps > 0, np.rint(columns / steps), 0).astype(np.int8)
    same = (levels.astype("<f4") * steps).tobytes() == values.tobytes()
    return (levels, steps) if same else None


def _dims(parts: list[Field]) -> tuple[int, ...]:
    """The sides of a tensor; as one number each, or packed."""
    found: list[int] = []
    for part in parts:
        if part.number != _DIMS:
            continue
        if isinstance(part.value, int):
            found.append(part.value)
        else:
            found += packed(part.value)
    return tuple(found)


def _joined(message: memoryview, parts: list[Field]) -> bytes:
    return b"".join(bytes(message[part.start : part.end]) for part in parts)


def _deflated(content: bytes) -> bytes:
    return zlib.compress(content, 6)


def _exactly(content: memoryview, size: int) -> bytes:
    found = inflated(content, size, what="values")
    if len(found) != size:
        raise ProtobufError(f"{len(found)} bytes of values in place of {size}")
    return found
