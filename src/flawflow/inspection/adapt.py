"""A model for another light, by a few good pictures under it; without torch and without training.

The pictures are halved. One half fits the correction that the new model carries, and the other half, which
has no part in it, calibrates it. The first half is measured, too, by a correction that the second half
fitted: no picture is ever measured by a correction that it fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.light import Adaptation
from flawflow.errors import DatasetError, ImageError, ModelFileError
from flawflow.images import read_image, resize_image
from flawflow.inspection.calibrate import Measurement, calibrate, drift_baseline
from flawflow.inspection.inspection import Failure
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.light import LightCorrection, fit_light
from flawflow.inspection.parallel import in_order
from flawflow.model_file import ModelFile
from flawflow.model_file.card import Card
from flawflow.model_file.container import graph_alone
from flawflow.model_file.light_graph import with_light, without_light
from flawflow.progress import OnProgress, Progress, ignore_progress
from flawflow.runtime.canary_check import record_canaries
from flawflow.runtime.engine import OnnxRuntimeEngine

MIN_IMAGES = 8
"""Good pictures that an adaptation takes at least."""

# More pictures than this fit a light no better.
_MAX_FITTED = 64

_Prepared = tuple[Path, NDArray[np.uint8]]


@dataclass(frozen=True)
class Adapted:
    """A model for another light.

    Attributes:
        graph: The serialised graph, with the correction in it.
        card: Its card.
        correction: What it does to every picture.
        measured: All pictures that could be read, each measured by a correction that it did not fit.
        still_unlike: How many of those score above the earlier threshold of NG even so.
        unreadable: A sentence for each picture that could not be read.
    """

    graph: bytes
    card: Card
    correction: LightCorrection
    measured: tuple[Measurement, ...]
    still_unlike: int
    unreadable: tuple[str, ...]


def adapt(model: ModelFile, pictures: Sequence[Path], on_progress: OnProgress = ignore_progress) -> Adapted:
    """Adapt a model to the light of good pictures.

    Args:
        model: The model; an adaptation that it has is replaced.
        pictures: Files of good parts under the new light.
        on_progress: Called with each step of progress.

    Raises:
        ModelFileError: The model does not know the light that it was trained in, or has tiles.
        DatasetError: Fewer than `MIN_IMAGES` pictures can be read.
    """
    if model.card.tiles is not None:
        raise ModelFileError(
            "the model inspects tiles, which an adaptation does not reach: calibrate it by pictures under "
            "the new light, or train it again"
        )
    light = model.card.light
    if light is None:
        raise ModelFileError(
            "the model does not know the light of its training pictures, as files of an earlier flawflow do "
            "not: train it again"
        )
    prepared, unreadable = _read(pictures, model.card.size)
    halves = prepared[::2], prepared[1::2]
    bare = without_light(graph_alone(model))
    corrections = [fit_light(light, [picture for _, picture in half[:_MAX_FITTED]]) for half in halves]
    graphs = [with_light(bare, correction.curve, correction.field) for correction in corrections]
    measured: list[list[Measurement]] = []
    for graph, half in zip(graphs, reversed(halves), strict=True):
        done = sum(map(len, measured))
        measured.append(_measured(graph, model.card, half, on_progress, done=done, of=len(prepared)))
    own, out_of_fold = measured
    threshold = model.card.calibration.threshold().score
    return Adapted(
        graph=graphs[0],
        card=_card(model, graphs[0], own, out_of_fold),
        correction=corrections[0],
        measured=(*own, *out_of_fold),
        still_unlike=sum(each.score > threshold for each in (*own, *out_of_fold)),
        unreadable=unreadable,
    )


def _read(pictures: Sequence[Path], size: tuple[int, int]) -> tuple[list[_Prepared], tuple[str, ...]]:
    def prepare(path: Path) -> _Prepared | Failure:
        try:
            return path, resize_image(read_image(path), size)
        except ImageError as error:
            return Failure(path, str(error))

    outcomes = list(in_order(prepare, pictures))
    prepared = [outcome for outcome in outcomes if not isinstance(outcome, Failure)]
    unreadable = tuple(outcome.error for outcome in outcomes if isinstance(outcome, Failure))
    if len(prepared) < MIN_IMAGES:
        why = f"; the first that cannot be read: {unreadable[0]}" if unreadable else ""
        raise DatasetError(
            f"an adaptation takes {MIN_IMAGES} good pictures or more under the new light, and there are "
            f"{len(prepared)}{why}"
        )
    return prepared, unreadable


def _measured(
    graph: bytes, card: Card, half: Sequence[_Prepared], on_progress: OnProgress, *, done: int, of: int
) -> list[Measurement]:
    inspector = Inspector(OnnxRuntimeEngine(graph), card)
    measured = []
    for path, picture in half:
        measured.append(Measurement.of(path, picture, inspector.measure(picture), inspector.roi_mask))
        on_progress(Progress("Measuring", done + len(measured), of))
    return measured


def _card(
    model: ModelFile, graph: bytes, own: Sequence[Measurement], out_of_fold: Sequence[Measurement]
) -> Card:
    """The card of the new model. Earlier scores stay in the estimate, and no guarantee rests on them."""
    card, earlier = model.card, model.card.calibration
    calibration, colormap_range = calibrate(
        own,
        out_of_fold=out_of_fold,
        false_reject_rate=earlier.false_reject_rate,
        review_rate=earlier.review_rate,
    )
    calibration = replace(
        calibration,
        out_of_fold=tuple(sorted((*calibration.out_of_fold, *earlier.all_scores))),
        pixel_threshold=max(calibration.pixel_threshold, earlier.pixel_threshold),
    )
    return replace(
        card,
        calibration=calibration,
        colormap_range=(colormap_range[0], max(colormap_range[1], card.colormap_range[1])),
        drift=drift_baseline((*own, *out_of_fold)),
        canaries=record_canaries(graph, card.size),
        adaptation=Adaptation(
            model.sha256, fitted_by=min(len(out_of_fold), _MAX_FITTED), calibrated_by=len(own)
        ),
    )
