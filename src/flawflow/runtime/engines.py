"""Which engines there are. None is imported before it is asked for."""

import importlib
from collections.abc import Mapping

from flawflow.runtime.engine import Engine

ENGINES: Mapping[str, str] = {
    "onnxruntime": "flawflow.runtime.engine:OnnxRuntimeEngine",
    "openvino": "flawflow.runtime.openvino_engine:OpenVinoEngine",
}
"""Where each engine is: a module and a class that is made as `load_engine` says."""


def load_engine(
    name: str, graph: bytes, *, precision: str, threads: int | None = None, safe: bool = False
) -> Engine:
    """Load a graph into an engine.

    Args:
        name: One of `ENGINES`.
        graph: Serialised ONNX ModelProto with input `images` and outputs `anomaly_map`, `pred_score`.
        precision: As of the model's card: what the engine may compute in.
        threads: CPU threads for one picture; as many as there are cores where it is not given.
        safe: Whether to leave out what makes the engine fast and may go wrong on a processor: products of
            8-bit and 16-bit numbers and merged operations.

    Raises:
        ValueError: When there is no such engine, or `threads` is less than 1.
        EngineError: When the engine is not installed.
        ModelFileError: When the engine cannot load the graph, or it has other inputs or outputs.
    """
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}; got {name!r}")
    module, _, kind = ENGINES[name].partition(":")
    make = getattr(importlib.import_module(module), kind)
    engine: Engine = make(graph, precision=precision, threads=threads, safe=safe)
    return engine
