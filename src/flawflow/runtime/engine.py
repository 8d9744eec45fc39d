"""Running a model's graph."""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import ModelFileError
from flawflow.model_file.graph_outputs import EVIDENCE
from flawflow.model_file.tile_card import MAX_LEVEL

# Newer ONNX Runtimes report to their maker over the network and keep files for it below the home folder;
# both are decided when it is imported. Whoever wants that sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

from flawflow.runtime.memory_limit import bound_memory

INPUT = "images"
OUTPUTS = ("anomaly_map", "pred_score")
"""What every graph gives; the third thing that engines give is `EVIDENCE`, where a graph has it."""

_ONLY_FATAL_MESSAGES = 4
_MAX_MESSAGE_CHARACTERS = 400


class Engine(Protocol):
    """Something that runs a model's graph."""

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Run the graph on pictures of the graph's size.

        What comes out for a picture must not depend on the other pictures. `run` is called from
        several threads at once.

        Args:
            images: uint8 (B, H, W, 3), RGB.

        Returns:
            Anomaly maps float32 (B, H, W) and image scores float32 (B,); higher is more anomalous. Where the
            graph has the output `whole_evidence`, it may be third: float32 (B,).
        """
        ...


class Measured(NamedTuple):
    """What a model says about one picture.

    Attributes:
        anomaly_map: float32 (H, W), higher is more anomalous.
        score: Of the picture.
        evidence: What the picture as a whole added to it; None where the model or the engine does not tell.
    """

    anomaly_map: NDArray[np.float32]
    score: float
    evidence: float | None


def run_one(
    engine: Engine, prepared: NDArray[np.uint8], size: tuple[int, int]
) -> tuple[NDArray[np.float32], float]:
    """Map and score of one picture; as `measure_one`."""
    return measure_one(engine, prepared, size)[:2]


def measure_one(engine: Engine, prepared: NDArray[np.uint8], size: tuple[int, int]) -> Measured:
    """Run the graph on one picture, and make sure that what comes out can be judged.

    Args:
        engine: Runs the graph.
        prepared: uint8 (H, W, 3), RGB, of `size`.
        size: (H, W) of the card.

    Raises:
        ModelFileError: They are of other shapes or out of range.
    """
    maps, *numbers = engine.run(prepared[None])
    if maps.shape[1:] != size or any(each.shape != (1,) for each in numbers):
        shapes = ", ".join(str(each.shape) for each in numbers)
        raise ModelFileError(
            f"the model gives maps of shape {maps.shape} and scores of shape {shapes}, its "
            f"size is {size}: train the model again"
        )
    score, *rest = (float(each[0]) for each in numbers)
    evidence = rest[0] if rest else None
    # NaN is greater than nothing: a picture that has no score would pass as good, and none of its
    # pixels would belong to a region.
    for what, value in (
        ("score", score),
        ("map value", maps.min()),
        ("map value", maps.max()),
        ("evidence", evidence or 0.0),
    ):
        if not abs(value) <= MAX_LEVEL:
            raise ModelFileError(f"the model gives the picture the {what} {value}: train the model again")
    return Measured(maps[0], score, evidence)


_CPU = "CPUExecutionProvider"
# It sends pictures elsewhere.
_REMOTE = "AzureExecutionProvider"


class OnnxRuntimeEngine:
    """ONNX Runtime, on the CPU where nothing else is asked for; there it computes 16 bits in 32."""

    def __init__(
        self,
        graph: bytes,
        *,
        precision: str = "fp32",  # noqa: ARG002 - all engines are made alike
        threads: int | None = None,
        safe: bool = False,
        device: str = _CPU,
    ) -> None:
        """Load a graph.

        Args:
            graph: Serialised ONNX ModelProto with input `images` and outputs `anomaly_map`, `pred_score`.
            precision: As of the model's card; the graph says itself what it is kept in.
            threads: CPU threads for one picture; as many as there are cores where it is not given.
            safe: Whether to run the graph as it is written, in float32.
            device: One of `devices`; what it cannot run, the CPU does.

        Raises:
            ValueError: When `threads` is less than 1.
            ModelFileError: When ONNX Runtime cannot load the graph, or it has other inputs or outputs.
        """
        self._session = open_session(graph, threads=threads, safe=safe, device=device)
        self._outputs = check_contract(
            {part.name: part.type for part in self._session.get_inputs()},
            {part.name: part.type for part in self._session.get_outputs()},
        )

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Run the graph on pictures of the graph's size, one by one; see `Engine.run`.

        Raises:
            ModelFileError: When the graph cannot be run on pictures of this size.
        """
        return one_by_one(lambda image: self._session.run(self._outputs, {INPUT: image}), images)


def devices() -> tuple[str, ...]:
    """Give the execution providers of ONNX Runtime that are installed and compute on this machine."""
    return tuple(name for name in ort.get_available_providers() if name != _REMOTE)


def open_session(
    graph: bytes, *, threads: int | None, safe: bool = False, device: str = _CPU
) -> ort.InferenceSession:
    """Load any ONNX graph into ONNX Runtime, for one picture at a time.

    Raises:
        ValueError: When `threads` is less than 1.
        ModelFileError: When ONNX Runtime cannot load the graph.
    """
    check_threads(threads)
    options = ort.SessionOptions()
    # Errors arrive as exceptions; what ONNX Runtime would print besides belongs to nobody's terminal.
    options.log_severity_level = _ONLY_FATAL_MESSAGES
    options.intra_op_num_threads = threads or 0
    options.use_deterministic_compute = True
    if safe:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Pictures come one by one: what depends on their number alone is computed once, at loading.
    options.add_free_dimension_override_by_name("batch", 1)
    # Threads that wait in a busy loop take the cores from decoding the next picture and from whatever
    # else the machine does: with other programs running, a picture took three times as long.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Sums of 8-bit products saturate on processors without VNNI unless this is set: a picture's score must
    # not depend on the processor.
    options.add_session_config_entry("session.x64quantprecision", "1")
    bound_memory(options)
    try:
        # The fallback would print, and try the same provider again.
        providers = list(dict.fromkeys((device, _CPU)))
        return ort.InferenceSession(graph, options, providers=providers, enable_fallback=0)
    except Exception as error:  # ONNX Runtime's exceptions share no other base
        raise ModelFileError(
            f"ONNX Runtime {ort.__version__} cannot load the model's graph ({said(error)}): "
            "upgrade onnxruntime"
        ) from None


def one_by_one(
    infer: Callable[[NDArray[np.uint8]], Sequence[NDArray[np.float32]]], images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], ...]:
    """Run the pictures of a batch singly.

    A matrix product over several pictures may add in another order than one over a single picture, and
    then a score would depend, in its last bit, on the batch it came in. On a CPU a batch gains next to
    nothing.

    Args:
        infer: Gives the map (1, H, W), the score (1,) and what else there is of one picture (1, H, W, 3).
        images: uint8 (B, H, W, 3).

    Raises:
        ModelFileError: When `infer` fails on pictures of this size, or what it gives is not one a picture.
    """
    try:
        results = [infer(image[None]) for image in images]
    except Exception as error:  # the engines' exceptions share no other base
        raise ModelFileError(
            f"the model's graph cannot run on pictures of shape {images.shape} ({said(error)}): "
            "train the model again"
        ) from None
    if any(array.ndim == 0 for result in results for array in result):
        raise ModelFileError("the model gives one number for all pictures: train the model again")
    return tuple(np.concatenate(parts) for parts in zip(*results, strict=True))


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that is less than 1."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be 1 or more; got {threads}")


def check_contract(inputs: dict[str, str], outputs: dict[str, str]) -> tuple[str, ...]:
    """Refuse a graph whose inputs and outputs, each with its type, are not those of a flawflow model.

    Returns:
        The names of the outputs that inspection takes.
    """
    if list(inputs) != [INPUT] or not set(OUTPUTS) <= set(outputs):
        raise ModelFileError(
            f"the model's graph has inputs {list(inputs)} and outputs {list(outputs)}, not '{INPUT}' and "
            f"{OUTPUTS}: train the model again"
        )
    taken = (*OUTPUTS, EVIDENCE) if EVIDENCE in outputs else OUTPUTS
    wanted = {INPUT: "tensor(uint8)", **dict.fromkeys(taken, "tensor(float)")}
    for name, kind in wanted.items():
        if (found := (inputs | outputs)[name]) != kind:
            raise ModelFileError(
                f"the model's graph has '{name}' of type {found}, not {kind}: train the model again"
            )
    return taken


def said(error: Exception) -> str:
    """What an engine says, which may be a page long, as the beginning of one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MAX_MESSAGE_CHARACTERS else f"{text[:_MAX_MESSAGE_CHARACTERS]} …"
