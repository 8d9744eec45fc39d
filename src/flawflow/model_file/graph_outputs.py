"""One of several models that a graph holds, which share their encoder: taken out by bytes alone.

Every graph has `anomaly_map` and `pred_score` of the whole picture, and where the detector weighs the picture
as a whole `whole_evidence`, what this adds to the score. That of a model with tiles has `tile_map` and
`tile_score` of a tile, too. Whether a picture or a tile is wanted is known before the graph is loaded, and an
engine would compute all of them: so each becomes a graph of its own with the outputs that engines know.
"""

from collections.abc import Iterable, Mapping

from flawflow.errors import ModelFileError
from flawflow.model_file.protobuf import Field, ProtobufError, delimited, fields

WHOLE = {"anomaly_map": "anomaly_map", "pred_score": "pred_score"}
"""What is taken for the whole picture, by the names that engines ask for."""

EVIDENCE = "whole_evidence"
"""What the picture as a whole adds to its score; not every graph has it."""

TILES = {"anomaly_map": "tile_map", "pred_score": "tile_score"}
"""What is taken for a tile."""

_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_NODE, _INITIALIZER, _OUTPUT, _VALUE = 1, 5, 12, 13
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATION = 1, 2, 4
_VALUE_NAME, _VALUE_TYPE, _TENSOR_NAME = 1, 2, 8


def with_whole(graph: bytes) -> bytes:
    """The part of a graph that whole pictures need; the graph itself where it has no more.

    Args:
        graph: As of `with_outputs`.

    Raises:
        ModelFileError: As of `with_outputs`.
    """
    names = {*output_names(graph)}
    wanted = WHOLE | {EVIDENCE: EVIDENCE} if EVIDENCE in names else WHOLE
    return with_outputs(graph, wanted) if names > wanted.keys() else graph


def output_names(graph: bytes) -> tuple[str, ...]:
    """The names of a graph's outputs; empty for what is no graph.

    Args:
        graph: Serialised ONNX ModelProto.
    """
    try:
        return tuple(
            _texts(part, _VALUE_NAME)[0]
            for model in fields(memoryview(graph))
            if model.number == _MODEL_GRAPH and not isinstance(model.value, int)
            for part in fields(model.value)
            if part.number == _OUTPUT
        )
    except ProtobufError:
        return ()


def with_outputs(graph: bytes, wanted: Mapping[str, str]) -> bytes:
    """The part of a graph that some of its outputs need.

    Args:
        graph: Serialised ONNX ModelProto, with or without a card, whose nodes come in the order of their use.
        wanted: Its outputs by the names that they shall have.

    Raises:
        ModelFileError: The bytes are no ONNX model, or lack such an output.
    """
    try:
        model = memoryview(graph)
        parts = [
            delimited(_MODEL_GRAPH, _selected(part.value, wanted))
            if part.number == _MODEL_GRAPH and not isinstance(part.value, int)
            else bytes(model[part.start : part.end])
            for part in fields(model)
            if part.number != _MODEL_METADATA
        ]
        return b"".join(parts)
    except ProtobufError as error:
        raise ModelFileError(f"the graph is not an ONNX model ({error}): train the model again") from None


def _selected(graph: memoryview, wanted: Mapping[str, str]) -> bytes:
    parts = list(fields(graph))
    outputs = {_texts(part, _VALUE_NAME)[0]: part for part in parts if part.number == _OUTPUT}
    missing = [name for name in wanted.values() if name not in outputs]
    if missing:
        raise ModelFileError(f"the model's graph has no output {missing[0]!r}: train the model again")
    needed, kept = set(wanted.values()), []
    for part in reversed(parts):
        if part.number == _NODE and not needed.isdisjoint(_texts(part, _NODE_OUTPUT)):
            needed.update(_texts(part, _NODE_INPUT))
            kept.append(part)
    kept.reverse()
    kept += [
        part for part in parts if part.number == _INITIALIZER and _texts(part, _TENSOR_NAME)[0] in needed
    ]
    kept += [part for part in parts if part.number not in (_NODE, _INITIALIZER, _OUTPUT, _VALUE)]
    content = [bytes(graph[part.start : part.end]) for part in kept]
    for name, own in wanted.items():
        if name != own:
            content.append(delimited(_NODE, _renaming(own, name)))
        content.append(delimited(_OUTPUT, _renamed(outputs[own], name)))
    return b"".join(content)


def _texts(part: Field, number: int) -> list[str]:
    """All strings of one field of a message."""
    assert not isinstance(part.value, int)
    return [
        bytes(each.value).decode("utf-8", "replace")
        for each in fields(part.value)
        if each.number == number and not isinstance(each.value, int)
    ] or [""]


def _renaming(own: str, name: str) -> bytes:
    """A node that gives a value under another name."""
    named: Iterable[tuple[int, str]] = (
        (_NODE_INPUT, own),
        (_NODE_OUTPUT, name),
        (_NODE_OPERATION, "Identity"),
    )
    return b"".join(delimited(number, text.encode()) for number, text in named)


def _renamed(output: Field, name: str) -> bytes:
    """A ValueInfoProto with another name."""
    assert not isinstance(output.value, int)
    rest = [
        output.value[each.start : each.end] for each in fields(output.value) if each.number != _VALUE_NAME
    ]
    return delimited(_VALUE_NAME, name.encode()) + b"".join(rest)
