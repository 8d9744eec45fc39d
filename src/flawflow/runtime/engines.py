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
from typing import TYPE_CHECKING, Any

from flawflow.errors import EngineError

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
        devices: A function as "module:function" that lists the devices of this machine by the engine's own
            words; such an engine takes `device`. Empty where there is no choice.
    """

    home: str
    package: str
    way_out: str
    devices: str = ""

    @property
    def version(self) -> str:
        """The release of the package, which is loaded."""
        return str(sys.modules[self.package].__version__).partition("-")[0]


ENGINES: Mapping[str, EngineKind] = {
    "onnxruntime": EngineKind(
        home="flawflow.runtime.engine:OnnxRuntimeEngine",
        package="onnxruntime",
        way_out="upgrade onnxruntime, or use the engine openvino",
        devices="flawflow.runtime.engine:devices",
    ),
    "openvino": EngineKind(
        home="flawflow.runtime.openvino_engine:OpenVinoEngine",
        package="openvino",
        way_out="use the engine onnxruntime",
        devices="flawflow.runtime.openvino_engine:devices",
    ),
}
"""The engines that flawflow knows itself."""


def engine_kind(name: str) -> EngineKind:
    """Find an engine by name, with or without a device behind a colon.

    Raises:
        ValueError: There is none, or what was registered under the name is none.
    """
    name = name.partition(":")[0]
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
        name: One of `ENGINES`, or of what others registered; behind a colon perhaps one of the engine's
            devices, as `openvino:GPU`.
        graph: Serialised ONNX ModelProto with input `images` and outputs `anomaly_map`, `pred_score`.
        precision: As of the model's card: what the engine may compute in.
        threads: CPU threads for one picture; as many as there are cores where it is not given.
        safe: Whether to leave out what makes the engine fast and may go wrong on a processor: products of
            8-bit and 16-bit numbers and merged operations.

    Raises:
        ValueError: When there is no such engine, or `threads` is less than 1.
        EngineError: When the engine is not installed, or this machine has no such device.
        ModelFileError: When the engine cannot load the graph, or it has other inputs or outputs.
    """
    kind, device = engine_kind(name), name.partition(":")[2]
    options = {"device": _known_device(name, kind, device)} if device else {}
    engine: Engine = _loaded(kind.home)(graph, precision=precision, threads=threads, safe=safe, **options)
    return engine


def _known_device(name: str, kind: EngineKind, device: str) -> str:
    engine = name.partition(":")[0]
    if not kind.devices:
        raise EngineError(f"the engine {engine} has no choice of devices: leave the device out")
    found: tuple[str, ...] = _loaded(kind.devices)()
    if device not in found:
        raise EngineError(f"the engine {engine} has no device {device} here: choose of {', '.join(found)}")
    return device


def _loaded(home: str) -> Any:
    module, _, name = home.partition(":")
    return getattr(importlib.import_module(module), name)
