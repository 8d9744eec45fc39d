"""Requests and answers of inference, as JSON alone or with tensors in bytes behind it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from flawflow.server.errors import ValueRefusedError, first_problem

HEADER_LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are JSON; tensors' bytes follow."""

_MAX_TEXT = 200
_MAX_TENSORS = 16


class TensorIn(BaseModel):
    """An input: its values in `data`, or as many bytes behind the JSON as `binary_data_size` says."""

    name: str = Field(max_length=_MAX_TEXT)
    datatype: str = Field(max_length=_MAX_TEXT)
    shape: list[int] = Field(max_length=8)
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


class OutputWanted(BaseModel):
    """An output that is asked for."""

    name: str = Field(max_length=_MAX_TEXT)
    parameters: dict[str, Any] = {}


class InferIn(BaseModel):
    """A request of inference."""

    id: str = Field("", max_length=_MAX_TEXT)
    inputs: list[TensorIn] = Field(min_length=1, max_length=_MAX_TENSORS)
    outputs: list[OutputWanted] = Field([], max_length=_MAX_TENSORS)
    parameters: dict[str, Any] = {}

    def is_binary(self, wanted: OutputWanted) -> bool:
        """Whether an output is wanted as bytes."""
        return bool(wanted.parameters.get("binary_data", self.parameters.get("binary_data_output", False)))


@dataclass(frozen=True)
class Encoded:
    """An output on its way.

    Attributes:
        about: Its JSON but for its values.
        content: Its values: what JSON knows, or bytes.
    """

    about: dict[str, Any]
    content: list[Any] | bytes


def read_request(body: bytes, json_bytes: str | None) -> tuple[InferIn, dict[int, bytes]]:
    """Read a request.

    Args:
        body: The HTTP request's.
        json_bytes: The header `Inference-Header-Content-Length`; None where there is none.

    Returns:
        The request, and the bytes of each input that is binary, by its place in the list.

    Raises:
        ValueRefusedError: It is no request of inference.
    """
    length = len(body)
    if json_bytes is not None:
        if not (json_bytes.isascii() and json_bytes.isdigit()) or int(json_bytes[:19]) > length:
            raise ValueRefusedError(f"{HEADER_LENGTH}: the body has {length} bytes, got {json_bytes:.20}")
        length = int(json_bytes)
    try:
        asked = InferIn.model_validate_json(body[:length])
    except ValidationError as error:
        raise ValueRefusedError(first_problem(error.errors())) from None
    binary, place = {}, length
    for index, tensor in enumerate(asked.inputs):
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(body) - place:
            raise ValueRefusedError(f"inputs.{index}: its binary_data_size is not in the body")
        binary[index] = body[place : place + size]
        place += size
    if place != len(body):
        raise ValueRefusedError(f"{len(body) - place} bytes of the body belong to no input")
    return asked, binary


def write_answer(about: dict[str, Any], outputs: Sequence[Encoded]) -> tuple[bytes, int | None]:
    """Write an answer; gives the body and, where bytes follow the JSON, the length of that."""
    told, behind = [], []
    for output in outputs:
        if isinstance(output.content, bytes):
            told.append({**output.about, "parameters": {"binary_data_size": len(output.content)}})
            behind.append(output.content)
        else:
            told.append({**output.about, "data": output.content})
    head = json.dumps({**about, "outputs": told}, allow_nan=False).encode()
    return head + b"".join(behind), len(head) if behind else None
