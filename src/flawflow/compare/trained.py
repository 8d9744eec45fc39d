"""What a run of a comparison learned, ready to be measured, as a model file or in memory."""

import math
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from flawflow.datasets import Dataset
from flawflow.inspection.inspector import Inspector
from flawflow.model_file import read_model
from flawflow.progress import OnProgress
from flawflow.recipe import Recipe
from flawflow.recipe.options import why_not_exported
from flawflow.runtime.engine import Engine, OnnxRuntimeEngine, one_by_one
from flawflow.training.describe import describe
from flawflow.training.model import InspectionModel
from flawflow.training.prepare import fit_model
from flawflow.training.train import calibrate_fitted, train


@dataclass(frozen=True)
class Trained:
    """A trained detector.

    Attributes:
        inspector: Inspects with it.
        engine: Runs it.
        seconds: Wall time of the training.
        image_count: Good pictures that could be read.
        left_out: A sentence for each that could not.
        megabytes: Of the model file; without one, of the weights.
        parameters: How many numbers it keeps.
    """

    inspector: Inspector
    engine: Engine
    seconds: float
    image_count: int
    left_out: tuple[str, ...]
    megabytes: float
    parameters: int


class TorchEngine:
    """A fitted model that no graph is made of, on the CPU."""

    def __init__(self, model: InspectionModel) -> None:
        self._model = model.to("cpu").eval()

    def run(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Run the model on pictures of its size, one by one; see `Engine.run`."""
        return one_by_one(self._infer, images)

    @torch.inference_mode()
    def _infer(self, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        return [output.numpy() for output in self._model(torch.from_numpy(image))]


def trained(dataset: Dataset, file: Path, recipe: Recipe, *, device: str, on_progress: OnProgress) -> Trained:
    """Train, resuming what an earlier call began; what can be exported is in `file` then."""
    if why_not_exported(recipe.detector.options) is not None:
        return _in_memory(dataset, file.with_suffix(".training"), recipe, device, on_progress)
    result = train(dataset, file, recipe, device=device, resume=True, on_progress=on_progress)
    model = read_model(file)
    return Trained(
        inspector=Inspector.of(model),
        engine=OnnxRuntimeEngine(model.graph),
        seconds=result.seconds,
        image_count=result.image_count,
        left_out=tuple(sentence for _, sentence in result.failures),
        megabytes=file.stat().st_size / 1e6,
        parameters=parameters_of(model.graph),
    )


def parameters_of(graph: bytes) -> int:
    """How many numbers a graph keeps: weights and other constants."""
    kept = onnx.load_from_string(graph).graph.initializer
    return sum(math.prod(tensor.dims) for tensor in kept if tensor.data_type == onnx.TensorProto.FLOAT)


def _in_memory(
    dataset: Dataset, folder: Path, recipe: Recipe, device: str, on_progress: OnProgress
) -> Trained:
    started = perf_counter()
    learned = fit_model(dataset, folder, recipe, device=device, resume=True, on_progress=on_progress)
    engine = TorchEngine(learned.model)
    calibrated = calibrate_fitted(engine, learned, on_progress)
    seconds = perf_counter() - started
    unread = learned.unread + calibrated.unread
    learned.work.remove()
    state = learned.model.state_dict().values()
    return Trained(
        inspector=Inspector(engine, describe(dataset, learned, calibrated, seconds)),
        engine=engine,
        seconds=seconds,
        image_count=learned.image_count - len(unread),
        left_out=tuple(sentence for _, sentence in unread + learned.cut_short),
        megabytes=sum(tensor.nbytes for tensor in state) / 1e6,
        parameters=sum(tensor.numel() for tensor in state),
    )
