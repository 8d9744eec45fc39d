"""Which engines there are. None is imported before it is asked for.

A package of others adds an engine by an entry point of the group `flawflow.engines`, whose name is the
engine's and which leads to an `EngineKind`:

    [project.entry-points."flawflow.engines"]
    tensorrt = "our_package.kinds:TENSORRT"
"""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flawflow.runtime.engine import Engine

ENTRY_POINTS = "flawflow.engines"


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """An engine as the inspector and the command line know it.

    Attributes:
        home: Its class as "module:Class"; it is made as `load_engine` says.
        package: The package that computes, whose version is named where the engine is.
        way_out: What helps where it computes otherwise than it should, as a part of a sentence.
    """

    home: str
    package: str
    way_out: str

    @property
    def version(self) -> str:
        """The release of the package, which is loaded."""
        return str(sys.modules[self.package].__version__).partition("-")[0]


ENGINES: Mapping[str, EngineKind] = {
    "onnxruntime": EngineKind(
        home="flawflow.runtime.engine:OnnxRuntimeEngine",
        package="onnxruntime",
        way_out="upgrade onnxruntime, or use the engine openvino",
    ),
    "openvino": EngineKind(
        home="flawflow.runtime.openvino_engine:OpenVinoEngine",
        package="openvino",
        way_out="use the engine onnxruntime",
    ),
}
"""The engines that flawflow knows itself."""


def engine_kind(name: str) -> EngineKind:
    """Find an engine by name.

    Raises:
        ValueError: There is none, or what was registered under the name is none.
    """
    if name in ENGINES:
        return ENGINES[name]
    # Imported for engines of others alone: it takes longer than all else here.
    from importlib.metadata import entry_points

    points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in points:
        raise ValueError(f"engine must be one of {', '.join((*ENGINES, *sorted(points)))}; got {name!r}")
    try:
        kind = points[name].load()
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the engine {name} cannot be loaded from {points[name].value}: {error}") from error
    if not isinstance(kind, EngineKind):
        raise ValueError(f"{points[name].value} is no EngineKind: the engine {name} cannot be used")
    return kind


def load_engine(
    name: str, graph: bytes, *, precision: str, threads: int | None = None, safe: bool = False
) -> "Engine":
    """Load a graph into an engine.

    Args:
        name: One of `ENGINES`, or of what others registered.
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
    module, _, kind = engine_kind(name).home.partition(":")
    make = getattr(importlib.import_module(module), kind)
    engine: Engine = make(graph, precision=precision, threads=threads, safe=safe)
    return engine
