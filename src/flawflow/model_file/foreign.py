"""What no graph of a model file may hold: values in other files, loops, branches and functions."""

from pathlib import Path

from flawflow.errors import ModelFileError
from flawflow.model_file.protobuf import fields

# Where tensors and programs hide: for each ONNX message, the fields that lead to one and what they hold
# (onnx.proto3, IR version 13).
_MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "program", 25: "program"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "program",
        10: "tensor",
        11: "program",
        22: "sparse tensor",
        23: "sparse tensor",
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


def refuse_foreign(path: Path, model: memoryview) -> None:
    """Walk a serialised ModelProto; refuse a tensor whose values are in another file, and nested graphs.

    Raises:
        ModelFileError: There is one; the message names the file.
        ProtobufError: The bytes are no such message.
    """
    # A list instead of recursion: a hostile file may nest deeper than Python's stack.
    unseen = [("model", model)]
    while unseen:
        kind, message = unseen.pop()
        for part in fields(message):
            if kind == "tensor":
                if part.number == _EXTERNAL_DATA or (part.number == _DATA_LOCATION and part.value != 0):
                    raise ModelFileError(
                        f"{path}: a tensor of the graph is kept in another file (ONNX external data), which "
                        "flawflow never follows: store the tensors inside the model"
                    )
            elif (inner := _MESSAGES[kind].get(part.number)) and not isinstance(part.value, int):
                if inner == "program":
                    raise ModelFileError(
                        f"{path}: the graph holds a loop, a branch or a function, which flawflow never runs: "
                        "train the model again"
                    )
                unseen.append((inner, part.value))
