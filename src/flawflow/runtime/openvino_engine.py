"""Running a model's graph with OpenVINO, which comes with the extra `openvino`."""

import importlib
import importlib.util
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import EngineError, ModelFileError
from flawflow.runtime.engine import (
    INPUT,
    check_contract,
    check_threads,
    one_by_one,
    said,
)

_CPU = "CPU"
# OpenVINO's names of element types as ONNX writes them.
_KINDS = {"u8": "tensor(uint8)", "f32": "tensor(float)"}


# OpenVINO's binding sets itself up with its first picture; two threads that do so at once wait for each other
# for ever.
_first_picture = threading.Lock()


class OpenVinoEngine:
    """OpenVINO, on the CPU where nothing else is asked for.

    Where the card says bf16 it computes in bfloat16 if the processor can, and in float32 elsewhere.
    """

    def __init__(
        self,
        graph: bytes,
        *,
        precision: str = "fp32",
        threads: int | None = None,
        safe: bool = False,
        device: str = _CPU,
    ) -> None:
        """Load a graph.

        Args:
            graph: Serialised ONNX ModelProto with input `images` and outputs `anomaly_map`, `pred_score`.
            precision: As of the model's card.
            threads: CPU threads for one picture; as many as OpenVINO finds best where it is not given.
            safe: Whether to compute in float32 whatever the precision.
            device: One of `devices`.

        Raises:
            ValueError: When `threads` is less than 1.
            EngineError: When OpenVINO is not installed.
            ModelFileError: When OpenVINO cannot load the graph, or it has other inputs or outputs.
        """
        self._compiled = compile_graph(graph, precision=precision, threads=threads, safe=safe, device=device)
        self._outputs = check_contract(_kinds(self._compiled.inputs), _kinds(self._compiled.outputs))
        self._own = threading.local()
        shape = self._compiled.inputs[0].get_partial_shape()
        if shape.is_static:
            with _first_picture:
                self.run(np.zeros(tuple(shape.to_shape()), np.uint8))

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Run the graph on pictures of the graph's size, one by one; see `Engine.run`.

        Raises:
            ModelFileError: When the graph cannot be run on pictures of this size.
        """
        return one_by_one(self._infer, images)

    def _infer(self, image: NDArray[np.uint8]) -> Sequence[NDArray[np.float32]]:
        # A request holds one picture's input and output, so each thread has its own.
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer({INPUT: image})
        return [results[name] for name in self._outputs]


def devices() -> tuple[str, ...]:
    """Give the devices that OpenVINO finds, and AUTO, which chooses of them.

    Raises:
        EngineError: OpenVINO is not installed.
    """
    return (*_openvino().Core().available_devices, "AUTO")


def compile_graph(
    graph: bytes, *, precision: str, threads: int | None, safe: bool = False, device: str = _CPU
) -> Any:
    """Compile any ONNX graph whose inputs begin with the batch, for one picture at a time.

    Raises:
        ValueError: When `threads` is less than 1.
        EngineError: When OpenVINO is not installed.
        ModelFileError: When OpenVINO cannot load the graph.
    """
    check_threads(threads)
    openvino = _openvino()
    core = openvino.Core()
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        # Said outright: left to itself OpenVINO computes in 16 bits wherever the processor can.
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" and not safe and _has_bf16(core) else "f32",
    }
    if device == _CPU:
        # Threads that are bound to cores wait where another program is on the same core.
        options["ENABLE_CPU_PINNING"] = False
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
    try:
        model = core.read_model(model=graph)
        # Pictures come one by one: what depends on their number alone is computed once, at loading.
        shapes = {part: [1, *list(part.get_partial_shape())[1:]] for part in model.inputs}
        model.reshape({part: openvino.PartialShape(shape) for part, shape in shapes.items()})
        if safe:
            _fold_integers(model)
        return core.compile_model(model, device, options)
    except Exception as error:  # OpenVINO's exceptions share no other base
        raise ModelFileError(
            f"OpenVINO {openvino.__version__} cannot load the model's graph ({said(error)}): "
            "upgrade openvino, or use the engine onnxruntime"
        ) from None


def _openvino() -> ModuleType:
    """Import OpenVINO, silent.

    Its import alone reports to its maker over the network, and keeps files for that below the home folder,
    if the package openvino_telemetry can be imported at that moment. Whoever wants that imports openvino
    before.

    Raises:
        EngineError: It is not installed.
    """
    if importlib.util.find_spec("openvino") is None:
        raise EngineError(
            "the engine openvino is not installed: pip install 'flawflow[openvino]', or use onnxruntime"
        )
    telemetry = "openvino_telemetry"
    hidden = "openvino" not in sys.modules and telemetry not in sys.modules
    if hidden:
        sys.modules[telemetry] = None  # type: ignore[assignment]  # Python's own way to forbid an import
    try:
        return importlib.import_module("openvino")
    finally:
        if hidden:
            sys.modules.pop(telemetry, None)


def _fold_integers(model: Any) -> None:
    """Turn weights that are kept as integers into float32, in place: then no product is one of integers."""
    passes = importlib.import_module("openvino.passes")
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(model)


def _has_bf16(core: Any) -> bool:
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _kinds(parts: Sequence[Any]) -> dict[str, str]:
    """The types of inputs or outputs by name."""
    found: dict[str, str] = {}
    for part in parts:
        kind = part.get_element_type().get_type_name()
        found |= dict.fromkeys(part.get_names(), _KINDS.get(kind, kind))
    return found
