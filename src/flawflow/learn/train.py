"""The one way from good pictures to a model file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from flawflow import __version__
from flawflow.card import Card, EncoderCard, TrainingCard
from flawflow.dataset import Dataset, open_dataset
from flawflow.files import beside
from flawflow.inspect.engine import OnnxRuntimeEngine
from flawflow.inspect.proof import record_canaries
from flawflow.learn.calibrate import calibrate
from flawflow.learn.crossfit import measure_by_sisters, without_first_part
from flawflow.learn.detector import Detector
from flawflow.learn.encoder import Encoder
from flawflow.learn.export import check_graph, export_graph
from flawflow.learn.gather import gather, set_aside
from flawflow.learn.good import share_out
from flawflow.learn.model import InspectionModel, build_head
from flawflow.learn.preset import Preset
from flawflow.learn.setup import set_up
from flawflow.learn.source import OnProgress, Progress, Source, ignore_progress
from flawflow.learn.suspects import Suspect
from flawflow.learn.work import WorkFolder
from flawflow.model_file import write_model
from flawflow.picture import read_picture, resize_picture

_CHECKED_PICTURES = 3


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
    *,
    preset: Preset | str = "balanced",
    detector: str = "cflow",
    flow: str = "realnvp",
    encoder: str = "lite0",
    weights: str | Path | None = None,
    size: tuple[int, int] = (256, 256),
    every: int = 10,
    seed: int = 0,
    calibration: str = "auto",
    roi: Path | str | None = None,
    ignore: Path | str | None = None,
    device: str = "auto",
    exclude_suspects: bool = False,
    augment: str = "none",
    resume: bool = False,
    keep_work: bool = False,
    on_progress: OnProgress | None = None,
) -> TrainingResult:
    """Learn what good parts look like and write one model file.

    Only good training pictures are used. 15 % of them are kept aside to calibrate the threshold; where those
    would be fewer than 19, a quarter is kept aside and the others are measured by sister models
    (`flawflow.learn.crossfit`), which takes four trainings in place of one.
    Unfinished work stays in the folder `output`.training, from which `resume` goes on; on a CPU it ends with
    the same weights, bit for bit, as a training that was never interrupted.

    Args:
        data: A dataset, or what `flawflow.dataset.open_dataset` opens.
        output: The model file to write, whole or not at all.
        preset: "fast", "balanced", "accurate", "paper", or a preset of one's own.
        detector: What follows the encoder: "cflow", or a name of `flawflow.learn.detector.DETECTORS`.
        flow: The family of the detector's flows: "realnvp", "nice" or "glow".
        encoder: The frozen backbone: "lite0", "resnet18", … or any of timm.
        weights: Its weights; see `flawflow.learn.encoder.build_encoder`.
        size: (H, W) that pictures are resized to.
        every: Of a video, every Nth frame is a picture, and the last 15 % of them are kept aside.
        seed: Of every random choice.
        roi: A mask, drawn over one of the pictures, of what counts (not black), or a model file, whose mask
            is taken. What lies elsewhere changes nothing: neither what is learned nor any score, map or
            region of the model.
        ignore: Likewise of what does not count.
        calibration: "split" keeps 15 % aside, "cross" cross-fits, "auto" chooses by the number of pictures.
        device: "auto", "cpu" or "cuda".
        exclude_suspects: Leave pictures that may be defective out of learning and calibration.
        augment: "auto" learns from mirrored and turned views, too, where a check on these pictures says
            that the parts lie anyhow (`flawflow.learn.alignment`); "none" does not ask.
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
    on_progress = on_progress or ignore_progress
    setup = set_up(
        [sample.path for sample in data.train],
        preset=preset,
        detector=detector,
        flow=flow,
        encoder=encoder,
        weights=weights,
        size=size,
        seed=seed,
        calibration=calibration,
        roi=roi,
        ignore=ignore,
        device=device,
        augment=augment,
    )
    plan = setup.plan() | {"every": every, "exclude_suspects": exclude_suspects}
    work = WorkFolder(beside(output, ".training"), plan, resume=resume)
    good = share_out(
        setup.paths,
        seed=seed,
        every=every,
        size=size,
        folder=work.path / "frames",
        on_progress=on_progress,
        crossed=setup.is_crossed,
    )
    everything = Source(
        encoder=setup.encoder,
        pictures=good.learned_from + good.held_out,
        size=size,
        seed=seed,
        device=setup.device,
        work=work,
        augmentation=setup.preset.augmentation,
        views=setup.preset.views,
        on_progress=on_progress,
    )
    gathered = gather(everything, exclude_suspects=exclude_suspects)
    if setup.is_crossed:
        others = measure_by_sisters(gathered.source, setup.preset.detector)
        source, held_out = without_first_part(gathered.source)
    else:
        others = []
        source, held_out = set_aside(gathered.source, good.held_out)
    graph = _learn(setup.detector, source)
    counting = np.ones(size, np.bool_) if setup.interest is None else setup.interest
    judged, heat_scale, drift, unread = calibrate(
        OnnxRuntimeEngine(graph), held_out, counting, on_progress, others=others
    )
    seconds = perf_counter() - started
    card = Card(
        flawflow_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        detector=setup.detector.name,
        preset=setup.preset.name,
        size=size,
        encoder=_encoder_card(setup.encoder),
        training=TrainingCard(
            dataset=data.name, picture_count=len(source.pictures), seed=seed, seconds=seconds
        ),
        calibration=judged,
        heat_scale=heat_scale,
        interest=setup.runs,
        drift=drift,
        canaries=record_canaries(graph, size),
    )
    write_model(output, graph, card)
    failures = gathered.failures + unread
    if not keep_work:
        work.remove()
    return TrainingResult(
        model=output,
        picture_count=len(everything.pictures) - len(failures),
        seconds=seconds,
        card=card,
        failures=failures + good.failures,
        suspects=gathered.suspects,
        notes=said + setup.notes + gathered.notes,
    )


def _learn(detector: Detector, source: Source) -> bytes:
    """Fit the detector and export it with all that stands before and behind it."""
    detector.fit(source)
    head = build_head(detector, source.features, source.size, source.device)
    source.on_progress(Progress("Writing the model", 0, 1))
    model = InspectionModel(source.encoder, detector, head)
    graph = export_graph(model, source.size)
    check_graph(graph, model, _some_pictures(source))
    source.on_progress(Progress("Writing the model", 1, 1))
    return graph


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
