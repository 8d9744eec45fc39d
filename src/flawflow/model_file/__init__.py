"""Model files: an ONNX graph, a card and a checksum, read and written without running code."""

from flawflow.model_file.container import (
    ModelFile,
    read_any,
    read_joint,
    read_model,
    replace_card,
    write_model,
)
from flawflow.model_file.joint import JointFile, Routing, write_joint

__all__ = [
    "JointFile",
    "ModelFile",
    "Routing",
    "read_any",
    "read_joint",
    "read_model",
    "replace_card",
    "write_joint",
    "write_model",
]
