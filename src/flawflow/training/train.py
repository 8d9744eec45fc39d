"""The one way from good pictures to a model file: learn, export, calibrate, write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from flawflow import __version__
from flawflow.datasets import Dataset, open_dataset
from flawflow.images import read_picture, resize_picture
from flawflow.model_file import write_model
from flawflow.model_file.card import Card, EncoderCard, TrainingCard
from flawflow.progress import OnProgress, Progress, ignore_progress, spans, within
from flawflow.recipe import PRESETS, Recipe
from flawflow.runtime.canary_check import record_canaries
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.storage.files import beside
from flawflow.training.calibrate import Calibrated, calibrate
from flawflow.training.encoder import Encoder
from flawflow.training.feature_source import Source
from flawflow.training.model import InspectionModel
from flawflow.training.onnx_export import check_graph, export_graph
from flawflow.training.prepare import Learned, learn
from flawflow.training.suspects import Suspect

_CHECKED_PICTURES = 3
# How long each part takes beside the others, as in `flawflow.training.prepare`.
_PARTS = {"learn": 29.0, "export": 7.0, "calibrate": 1.0}


@dataclass(frozen=True)
class TrainingResult:
    """What a training made.

    Attributes:
        model: The model file.
        picture_count: Good pictures that were given and could be read.
        seconds: Wall time, the encoder's loading included.
        card: The model card.
        failures: Training pictures, and videos, that could not be read, each with the sentence that says why.
        suspects: Training pictures that may be defective, the most unusual first.
        notes: Sentences about the pictures that a person should read.
    """

    model: Path
    picture_count: int
    seconds: float
    card: Card
    failures: tuple[tuple[Path, str], ...]
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]


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

    Only good training pictures are used. 15 % of them are kept aside to calibrate the threshold; where those
    would be fewer than 19, a quarter is kept aside and the others are measured by sister models
    (`flawflow.training.cross_fit`), which takes four trainings in place of one.
    Unfinished work stays in the folder `output`.training, from which `resume` goes on; on a CPU it ends with
    the same weights, bit for bit, as a training that was never interrupted.

    Args:
        data: A dataset, or what `flawflow.datasets.open_dataset` opens.
        output: The model file to write, whole or not at all.
        recipe: What is asked for: `Recipe.of("fast", size=(128, 128))`, say. The model card holds it.
        device: "auto", "cpu" or "cuda".
        resume: Go on with an interrupted training of the same output.
        keep_work: Leave that folder where it is: the flows' trainable weights and the optimiser's state, as
            safetensors.
        on_progress: Called with each step of progress.

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    started = perf_counter()
    given = data
    data = given if isinstance(given, Dataset) else open_dataset(Path(given))
    # Whoever opened the data set has its notes.
    said = () if data is given else data.notes
    output = Path(output)
    told = {name: within(on_progress, *span) for name, span in spans(_PARTS).items()}
    folder = beside(output, ".training")
    learned = learn(data, folder, recipe, device=device, resume=resume, on_progress=told["learn"])
    graph = export(learned.model, learned.source, told["export"])
    calibrated = _calibrate(graph, learned, told["calibrate"])
    seconds = perf_counter() - started
    card = _card(data, graph, learned, calibrated, seconds)
    write_model(output, graph, card)
    failures = learned.unread + calibrated.unread
    if not keep_work:
        learned.work.remove()
    return TrainingResult(
        model=output,
        picture_count=learned.picture_count - len(failures),
        seconds=seconds,
        card=card,
        failures=failures + learned.cut_short,
        suspects=learned.suspects,
        notes=said + learned.notes,
    )


def export(model: InspectionModel, source: Source, on_progress: OnProgress = ignore_progress) -> bytes:
    """Export a fitted model, and check that the graph judges as it does.

    Args:
        model: The model.
        source: Whose pictures both are compared on.
        on_progress: Called with each step of progress.

    Returns:
        The serialised ONNX graph.

    Raises:
        TrainingError: The graph would judge otherwise than what was learned.
    """
    on_progress(Progress("Writing the model", 0, 1))
    graph = export_graph(model, source.size)
    check_graph(graph, model, _some_pictures(source))
    on_progress(Progress("Writing the model", 1, 1))
    return graph


def _calibrate(graph: bytes, learned: Learned, on_progress: OnProgress) -> Calibrated:
    interest = learned.setup.interest
    counting = np.ones(learned.source.size, np.bool_) if interest is None else interest
    return calibrate(OnnxRuntimeEngine(graph), learned.held_out, counting, on_progress, others=learned.others)


def _card(data: Dataset, graph: bytes, learned: Learned, calibrated: Calibrated, seconds: float) -> Card:
    recipe = learned.setup.asked
    return Card(
        flawflow_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        detector=recipe.detector.name,
        preset=recipe.preset,
        size=recipe.shape,
        encoder=_encoder_card(learned.setup.encoder),
        training=TrainingCard(
            dataset=data.name,
            picture_count=len(learned.source.pictures),
            seed=recipe.seed,
            seconds=seconds,
        ),
        calibration=calibrated.calibration,
        heat_scale=calibrated.heat_scale,
        interest=learned.setup.runs,
        drift=calibrated.reference,
        canaries=record_canaries(graph, recipe.shape),
        recipe=recipe,
    )


def _some_pictures(source: Source) -> Sequence[NDArray[np.uint8]]:
    """Good pictures as they are and one upside down.

    To a detector that remembers its pictures these are at distance 0, of which rounding leaves nothing; the
    turned one gives the maps the size that differences are measured by.
    """
    paths = source.features.pictures[:_CHECKED_PICTURES]
    pictures = [resize_picture(read_picture(path), source.size) for path in paths]
    return [*pictures, np.ascontiguousarray(pictures[0][::-1])]


def _encoder_card(encoder: Encoder) -> EncoderCard:
    info = encoder.weights_info
    return EncoderCard(
        name=encoder.name,
        strides=encoder.strides,
        weights=info.source,
        weights_sha256=info.sha256,
        weights_licence=info.licence,
    )
