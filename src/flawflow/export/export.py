"""From a model file to one for an engine and a precision, measured against it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.datasets import Dataset
from flawflow.decision.calibration import Calibration
from flawflow.errors import DatasetError, ExportError, ImageError
from flawflow.export import equivalence
from flawflow.export.convert import convert
from flawflow.export.equivalence import Both, Check, Pair
from flawflow.images import read_image, resize_image
from flawflow.inspection.calibrate import recalibrate
from flawflow.inspection.inspector import Inspector
from flawflow.model_file import ModelFile, read_model, write_model
from flawflow.model_file.card import Card
from flawflow.model_file.graph_outputs import TILES, with_outputs
from flawflow.runtime.canary_check import record_canaries
from flawflow.runtime.engines import load_engine

MIN_GOOD_IMAGES = 8

# For int8: of the good pictures this share, and no more than so many, set the ranges of the 8-bit numbers.
_RANGE_IMAGE_EVERY = 3
_MAX_RANGE_IMAGES = 32
# By so many of them the convolutions that stay in 16 bits are chosen, to stay within this share of the limit:
# other pictures differ more. Half of it let the ranks of good grids correlate by 0.981 only, near the limit;
# this share lets them by 0.992.
_CHOICE_IMAGES = 16
_SHARE_OF_LIMIT = 0.4

OnProgress = Callable[[str, int, int], None]
"""Called with the name of a stage, what of it is done, and all of it."""


@dataclass(frozen=True)
class Exported:
    """An export and what was measured.

    Attributes:
        card: The export's card.
        checks: Figures and limits by the pictures that they were measured on: "good", "labelled".
        unreadable: A sentence for each good picture that could not be read.
        written: Whether the file was written: all figures are within their limits, or it was forced.
    """

    card: Card
    checks: dict[str, list[Check]]
    unreadable: tuple[str, ...]
    written: bool

    @property
    def holds(self) -> bool:
        """Whether all figures are within their limits."""
        return all(check.holds for checks in self.checks.values() for check in checks)


def export(
    model: Path,
    output: Path,
    *,
    engine: str = "onnxruntime",
    precision: str,
    good: Sequence[Path] = (),
    labelled: Dataset | None = None,
    force: bool = False,
    on_progress: OnProgress = lambda stage, done, total: None,  # noqa: ARG005
) -> Exported:
    """Make a model file of another precision, and write it if it judges like the model.

    What is compared: the model in ONNX Runtime, and the export in the engine that it is for. Where good
    pictures are given, both are calibrated by them, and the export keeps that calibration; for int8 a part
    of them sets the ranges of the 8-bit numbers instead and is used for nothing else.

    Args:
        model: A model file of precision fp32.
        output: The model file to write, whole or not at all.
        engine: Of `flawflow.runtime.engines.ENGINES`.
        precision: Of `flawflow.model_file.card.PRECISIONS`.
        good: Good pictures that the model was not trained on.
        labelled: A data set with labelled test pictures; nothing is chosen by them.
        force: Write it whatever was measured, or when there is nothing to measure with.
        on_progress: Receives the progress.

    Raises:
        ExportError: The model is not fp32, or has nothing to quantise, or pictures are missing.
        FlawflowError: The model, the engine, a picture or a data set does not serve.
    """
    if output.resolve() == model.resolve():
        raise ExportError(f"{output} is the model itself, which further exports need: choose another name")
    source = read_model(model)
    _check_request(model, source.card, precision, good, labelled, force=force)
    before = Inspector.load(model)
    for_ranges, held_out = _shared_out(good, precision)
    graph, skipped = _converted(
        source, before, for_ranges, engine=engine, precision=precision, on_progress=on_progress
    )
    card = _with_canaries(replace(source.card, precision=precision), graph)
    pair = Pair(before, Inspector.of(ModelFile(graph=graph, card=card, sha256=""), engine=engine))
    both, unreadable = equivalence.measure_good(
        pair, held_out, lambda done, total: on_progress("good pictures", done, total)
    )
    judges_before, checks = card.calibration, {}
    if good:
        if not both:
            raise DatasetError(f"none of the good pictures can be read: {unreadable[0]}")
        judges_before, card = _calibrated(card, both)
        checks["good"] = equivalence.check(both, judges_before, card.calibration)
    if labelled is not None:
        found, *evaluations = equivalence.measure_labelled(
            pair, labelled.test, lambda done, total: on_progress("labelled pictures", done, total)
        )
        checks["labelled"] = equivalence.check(found, judges_before, card.calibration)
        checks["labelled"] += equivalence.check_evaluations(*evaluations)
    written = force or all(check.holds for part in checks.values() for check in part)
    if written:
        write_model(output, graph, card)
    return Exported(card, checks, (*skipped, *unreadable), written)


def _with_canaries(card: Card, graph: bytes) -> Card:
    """The card with what the graph says about the drawings."""
    tiles = card.tiles
    if tiles is not None:
        tiles = replace(tiles, canaries=record_canaries(with_outputs(graph, TILES), card.size))
    return replace(card, canaries=record_canaries(graph, card.size), tiles=tiles)


def _check_request(
    model: Path, card: Card, precision: str, good: Sequence[Path], labelled: Dataset | None, *, force: bool
) -> None:
    if card.precision != "fp32":
        raise ExportError(f"{model} is {card.precision} already: export the fp32 model that it came from")
    if precision == "int8" and card.tiles is not None:
        raise ExportError(f"{model} inspects tiles, which int8 has no ranges for: choose another precision")
    if precision == "int8" and not good:
        raise ExportError("int8 sets its ranges by good pictures: name some with --good")
    if good and len(good) < MIN_GOOD_IMAGES:
        raise ExportError(
            f"{len(good)} good pictures are too few to measure by: give {MIN_GOOD_IMAGES} or more"
        )
    if labelled is not None and not labelled.test:
        raise ExportError(
            f"{labelled.name} has no test pictures: give a data set with labelled test pictures"
        )
    if not (good or labelled or force):
        raise ExportError(
            "without pictures it is unknown whether the export is equivalent to the model: give good ones "
            "with --good, labelled ones with --data, or write it unmeasured with --force"
        )


def _shared_out(good: Sequence[Path], precision: str) -> tuple[Sequence[Path], Sequence[Path]]:
    """The good pictures for the ranges and those for measuring; no picture is both."""
    if precision != "int8":
        return (), good
    for_ranges = good[::_RANGE_IMAGE_EVERY][:_MAX_RANGE_IMAGES]
    chosen = set(for_ranges)
    return for_ranges, [path for path in good if path not in chosen]


def _converted(
    source: ModelFile,
    before: Inspector,
    for_ranges: Sequence[Path],
    *,
    engine: str,
    precision: str,
    on_progress: OnProgress,
) -> tuple[bytes, list[str]]:
    """The export's graph, and a sentence for each picture that could not be read."""
    pictures: list[NDArray[np.uint8]] = []
    unreadable: list[str] = []
    for path in for_ranges:
        try:
            pictures.append(resize_image(read_image(path), source.card.size))
        except ImageError as error:
            unreadable.append(str(error))
    if for_ranges and not pictures:
        raise DatasetError(f"none of the good pictures can be read: {unreadable[0]}")
    tries = 0

    def distance(graph: bytes) -> float:
        nonlocal tries
        tries += 1
        on_progress("choosing what to keep in 16 bits", tries, 0)
        runs = load_engine(engine, graph, precision=precision)
        pair = Pair(before, Inspector(runs, source.card))
        return max(
            pair.difference(before.measure(picture)[0], pair.after.measure(picture)[0])
            for picture in pictures[:_CHOICE_IMAGES]
        )

    graph = convert(
        source.graph,
        precision,
        pictures=pictures,
        distance=distance,
        near=_SHARE_OF_LIMIT * equivalence.MAX_MAP_DIFFERENCE,
    )
    return graph, unreadable


def _calibrated(card: Card, both: Sequence[Both]) -> tuple[Calibration, Card]:
    """How the model judges when the good pictures calibrate it, and the export's card with theirs."""
    before = recalibrate(card, [picture.before for picture in both])
    return before.calibration, recalibrate(card, [picture.after for picture in both])
