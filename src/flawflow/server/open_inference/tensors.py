"""Tensors as pictures, and what was found in them as tensors."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.inspection.inspection import Inspection
from flawflow.server.errors import TooLargeError, ValueRefusedError
from flawflow.server.open_inference.messages import Encoded, InferIn, OutputWanted, TensorIn

INPUT = "images"
OUTPUTS = {"pred_score": "FP32", "anomaly_map": "FP32", "p_value": "FP64", "verdict": "BYTES"}
"""The outputs and their datatypes; the first two are named as in the model's own graph."""

_KINDS: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "FP64": np.dtype("<f8")}


def pictures_of(asked: InferIn, binary: dict[int, bytes], *, most: int) -> list[bytes]:
    """Give the pictures of a request, each as a file's content.

    A tensor becomes an uncompressed file (BMP): it goes the way of all pictures, through the same guards and
    into the record, and no level changes.

    Args:
        asked: The request.
        binary: The bytes of its binary inputs.
        most: How many pictures one request may have.

    Raises:
        ValueRefusedError: The input is not what the model takes.
        TooLargeError: There are too many.
    """
    if [tensor.name for tensor in asked.inputs] != [INPUT]:
        raise ValueRefusedError(f"inputs: give one, {INPUT!r}")
    (tensor,), content = asked.inputs, binary.get(0)
    if tensor.shape and tensor.shape[0] > most:
        raise TooLargeError(f"more than {most} pictures in one request: send fewer")
    if tensor.datatype == "BYTES":
        return _files(tensor, content)
    if tensor.datatype != "UINT8":
        raise ValueRefusedError(f"{INPUT}: its datatype is UINT8, or BYTES for picture files")
    return [_file(image) for image in _images(tensor, content)]


def _images(tensor: TensorIn, content: bytes | None) -> NDArray[np.uint8]:
    shape = tensor.shape
    if len(shape) != 4 or shape[3] != 3 or min(shape) < 1:
        raise ValueRefusedError(f"{INPUT}: its shape is [N, H, W, 3], RGB; got {shape}")
    try:
        if content is None:
            levels = np.asarray(tensor.data)
            if levels.dtype.kind not in "iu" or levels.min() < 0 or levels.max() > 255:
                raise ValueError("no levels")
        else:
            levels = np.frombuffer(content, np.uint8)
        return levels.astype(np.uint8, copy=False).reshape(shape)
    except (ValueError, TypeError, OverflowError):
        raise ValueRefusedError(
            f"{INPUT}: give {' × '.join(map(str, shape))} whole numbers from 0 to 255"
        ) from None


def _files(tensor: TensorIn, content: bytes | None) -> list[bytes]:
    if content is None:
        raise ValueRefusedError(f"{INPUT}: send picture files (BYTES) behind the JSON, as binary data")
    files, place = [], 0
    while place + 4 <= len(content):
        (size,) = struct.unpack_from("<I", content, place)
        files.append(content[place + 4 : place + 4 + size])
        place += 4 + size
    if place != len(content) or not files or tensor.shape not in ([len(files)], [len(files), 1]):
        raise ValueRefusedError(f"{INPUT}: its shape is [N], and each file follows its length in 4 bytes")
    return files


def _file(image: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "BMP")
    return stream.getvalue()


def encoded(asked: InferIn, found: Sequence[Inspection]) -> list[Encoded]:
    """Give the outputs that are asked for, which there must be (`check_outputs`); all where none is named."""
    wanted = asked.outputs or [OutputWanted(name=name) for name in OUTPUTS]
    return [_encoded(output.name, found, is_binary=asked.is_binary(output)) for output in wanted]


def check_outputs(asked: InferIn) -> None:
    """Make sure before the work that there are the outputs that are asked for.

    Raises:
        ValueRefusedError: There is no such output.
    """
    for output in asked.outputs:
        if output.name not in OUTPUTS:
            raise ValueRefusedError(f"outputs: {output.name!r} is none of {', '.join(OUTPUTS)}")


def _encoded(name: str, found: Sequence[Inspection], *, is_binary: bool) -> Encoded:
    kind = OUTPUTS[name]
    about: dict[str, Any] = {"name": name, "datatype": kind, "shape": [len(found)]}
    if kind == "BYTES":
        texts = [inspection.verdict for inspection in found]
        packed = b"".join(struct.pack("<I", len(text)) + text.encode() for text in texts)
        return Encoded(about, packed if is_binary else list(texts))
    values = np.array([_value(name, inspection) for inspection in found], _KINDS[kind])
    about["shape"] = list(values.shape)
    return Encoded(about, values.tobytes() if is_binary else values.ravel().tolist())


def _value(name: str, inspection: Inspection) -> Any:
    if name == "anomaly_map":
        return inspection.graph_map
    return inspection.score if name == "pred_score" else inspection.p_value
