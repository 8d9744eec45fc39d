"""The one way from good pictures to a model file: learn, export, calibrate, write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from flawflow.datasets import Dataset, open_dataset
from flawflow.errors import TrainingError
from flawflow.images import read_image, resize_image
from flawflow.inspection.tiled import TiledModel
from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.model_file.graph_outputs import TILES, with_outputs, with_whole
from flawflow.model_file.memory import with_memory
from flawflow.progress import OnProgress, Progress, ignore_progress, spans, within
from flawflow.recipe import PRESETS, Recipe
from flawflow.recipe.options import why_not_exported
from flawflow.renamed import renamed_attribute
from flawflow.runtime.canary_check import record_canaries
from flawflow.runtime.engine import Engine, OnnxRuntimeEngine
from flawflow.storage.files import beside
from flawflow.storage.paths import scratch_place, to_path
from flawflow.training.calibrate import Calibrated, calibrate
from flawflow.training.describe import describe
from flawflow.training.feature_source import FeatureSource
from flawflow.training.model import InspectionModel
from flawflow.training.onnx_export import check_graph, export_graph
from flawflow.training.prepare import FittedModel, fit_model
from flawflow.training.remember import remember
from flawflow.training.suspects import Suspect
from flawflow.training.tiles import FittedTiles, TiledInspectionModel, measure_usual

_CHECKED_IMAGES = 3
# How long each part takes beside the others, as in `flawflow.training.prepare`.
_STAGE_WEIGHTS = {"learn": 29.0, "export": 7.0, "calibrate": 1.0}


@dataclass(frozen=True)
class TrainingResult:
    """What a training made.

    Attributes:
        model: The model file.
        image_count: Good pictures that were given and could be read.
        seconds: Wall time, the encoder's loading included.
        card: The model card.
        failures: Training pictures, and videos, that could not be read, each with the sentence that says why.
        suspects: Training pictures that may be defective, the most unusual first.
        notes: Sentences about the pictures that a person should read.
        copies: Training pictures that were left out as copies, each with the one that counts in its place.
    """

    model: Path
    image_count: int
    seconds: float
    card: Card
    failures: tuple[tuple[Path, str], ...]
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    copies: tuple[tuple[Path, Path], ...] = ()

    picture_count = renamed_attribute("picture_count", "image_count")


def train(
    data: Dataset | Path | str,
    output: Path | str,
    recipe: Recipe = PRESETS["balanced"],
    *,
    device: str = "auto",
    resume: bool = False,
    keep_work: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> TrainingResult:
    """Learn what good parts look like and write one model file.

    Only good training pictures are used. 15 % of them are held out to calibrate the threshold; where those
    would be fewer than 19, a quarter is held out and the others are measured out of fold
    (`flawflow.training.cross_fit`), which takes four trainings in place of one.
    Unfinished work stays in the folder `output`.training, from which `resume` goes on; on a CPU it ends with
    the same weights, bit for bit, as a training that was never interrupted.

    Args:
        data: A dataset, or what `flawflow.datasets.open_dataset` opens.
        output: The model file to write, whole or not at all.
        recipe: What is asked for: `Recipe.of("fast", size=(128, 128))`, say. The model card holds it.
        device: "auto", "cpu" or "cuda".
        resume: Resume an interrupted training of the same output.
        keep_work: Leave that folder where it is: the flows' trainable weights and the optimiser's state, as
            safetensors.
        on_progress: Called with each step of progress.

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    reason = why_not_exported(recipe.detector.options)
    if reason is not None:
        raise TrainingError(
            f"These flows cannot become a model file: {reason}. flawflow compare measures them without one; "
            "to inspect pictures choose others."
        )
    started = perf_counter()
    given = data
    data = given if isinstance(given, Dataset) else open_dataset(given)
    # Whoever opened the data set has its notes.
    said = () if data is given else data.notes
    output = to_path(output)
    reporters = {name: within(on_progress, *span) for name, span in spans(_STAGE_WEIGHTS).items()}
    folder = beside(scratch_place(output), ".training")
    fitted = fit_model(data, folder, recipe, device=device, resume=resume, on_progress=reporters["learn"])
    memory = None
    if recipe.explain:
        fitted.model.patches, memory = remember(fitted.model.detector, fitted.source, recipe.explain)
    graph = export(fitted.model, fitted.source, reporters["export"], tiles=fitted.tiles)
    calibrated = _calibrated(graph, fitted, reporters["calibrate"])
    seconds = perf_counter() - started
    card = describe(data, fitted, calibrated, seconds, record_canaries(graph, fitted.setup.asked.shape))
    write_model(output, graph if memory is None else with_memory(graph, memory), card)
    failures = fitted.unread + calibrated.unread
    if not keep_work:
        fitted.work.remove()
    return TrainingResult(
        model=output,
        image_count=fitted.image_count - len(failures),
        seconds=seconds,
        card=card,
        failures=failures + fitted.cut_short,
        suspects=fitted.suspects,
        notes=said + fitted.notes,
        copies=fitted.copies,
    )


def export(
    model: InspectionModel,
    source: FeatureSource,
    on_progress: OnProgress = ignore_progress,
    *,
    tiles: FittedTiles | None = None,
) -> bytes:
    """Export a fitted model, and check that the graph judges as it does.

    Args:
        model: The model.
        source: Whose pictures both are compared on.
        on_progress: Called with each step of progress.
        tiles: The model of tiles, which the graph holds, too.

    Returns:
        The serialised ONNX graph.

    Raises:
        TrainingError: The graph would judge otherwise than what was learned.
    """
    on_progress(Progress("Writing the model", 0, 1))
    if tiles is None:
        graph = export_graph(model, source.size)
    else:
        graph = export_graph(TiledInspectionModel(model, tiles.model), source.size)
        check_graph(with_outputs(graph, TILES), tiles.model, _some_pictures(tiles.source))
    check_graph(graph, model, _some_pictures(source))
    on_progress(Progress("Writing the model", 1, 1))
    return graph


def calibrate_fitted(
    engine: Engine, fitted: FittedModel, on_progress: OnProgress, tiled: TiledModel | None = None
) -> Calibrated:
    """Calibrate a fitted model by the good images that were kept aside.

    Args:
        engine: Runs it.
        fitted: The model.
        on_progress: Called with each step of progress.
        tiled: Adds what tiles show; None where there are none.
    """
    return calibrate(
        engine, fitted.held_out, _counting(fitted), on_progress, out_of_fold=fitted.out_of_fold, tiled=tiled
    )


def _calibrated(graph: bytes, fitted: FittedModel, on_progress: OnProgress) -> Calibrated:
    """Calibrate by a graph, its tiles first, where it has any."""
    if fitted.tiles is None:
        return calibrate_fitted(OnnxRuntimeEngine(graph), fitted, on_progress)
    counting = _counting(fitted)
    whole = OnnxRuntimeEngine(with_whole(graph))
    usual, engine = measure_usual(
        graph,
        whole,
        fitted.tiles,
        roi_mask=counting,
        tiling=fitted.setup.asked.tiles,
        on_progress=within(on_progress, 0, 0.5),
    )
    return calibrate_fitted(whole, fitted, within(on_progress, 0.5, 1), TiledModel(engine, usual, counting))


def _counting(fitted: FittedModel) -> NDArray[np.bool_]:
    roi_mask = fitted.setup.roi_mask
    return np.ones(fitted.source.size, np.bool_) if roi_mask is None else roi_mask


def _some_pictures(source: FeatureSource) -> Sequence[NDArray[np.uint8]]:
    """Good pictures as they are and one upside down.

    To a detector that remembers its pictures these are at distance 0, of which rounding leaves nothing; the
    turned one gives the maps the size that differences are measured by.
    """
    paths = source.features.pictures[:_CHECKED_IMAGES]
    pictures = [resize_image(read_image(path), source.size) for path in paths]
    return [*pictures, np.ascontiguousarray(pictures[0][::-1])]
