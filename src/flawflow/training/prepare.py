"""From good pictures to a fitted model: which pictures, their features, copies and suspects, and the fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from flawflow.datasets import Dataset
from flawflow.inspection.calibrate import Measurement
from flawflow.progress import OnProgress, ignore_progress, spans, within
from flawflow.recipe import Recipe
from flawflow.training.cross_fit import FOLD_COUNT, out_of_fold_measurements, without_first_fold
from flawflow.training.data_checks import CheckedData, check_data
from flawflow.training.feature_source import FeatureSource
from flawflow.training.fit import fit
from flawflow.training.model import InspectionModel
from flawflow.training.setup import Setup, set_up
from flawflow.training.split import Split, set_aside, split
from flawflow.training.suspects import Suspect
from flawflow.training.tiles import FittedTiles, drawn_for_tiles, fit_tiles
from flawflow.training.unfinished_work import WorkFolder
from flawflow.video.names import is_video_name

# Roughly how long each part takes beside the others: a bar of progress needs no more.
_FRAMES, _FEATURES, _SUSPECTS, _FIT = 6.0, 6.0, 1.0, 22.0


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """A fitted model, and what is needed to calibrate and describe it.

    Attributes:
        setup: What was decided before.
        work: Where unfinished work is kept; the caller removes it.
        model: Encoder, detector and head.
        source: What the model learned from.
        held_out: Good pictures that it has not seen, to calibrate with.
        out_of_fold: Out-of-fold measurements of further good pictures.
        image_count: Good pictures that were given, frames of videos among them, readable or not.
        suspects: Those that may be defective, the most unusual first.
        notes: Sentences about the pictures that a person should read.
        unread: Pictures that could not be read, each with the sentence that says why.
        cut_short: Videos that could not be read to their end, likewise.
        copies: Pictures that are copies, each with the one that counts in its place.
        tiles: The model of tiles; None where there is none.
    """

    setup: Setup
    work: WorkFolder
    model: InspectionModel
    source: FeatureSource
    held_out: tuple[Path, ...]
    out_of_fold: Sequence[Measurement]
    image_count: int
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    unread: tuple[tuple[Path, str], ...]
    cut_short: tuple[tuple[Path, str], ...]
    copies: tuple[tuple[Path, Path], ...]
    tiles: FittedTiles | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Good pictures, looked at and split, before anything is fitted to them.

    Attributes:
        setup: What was decided before.
        work: Where unfinished work is kept.
        parts: How the pictures are split.
        checked: The pictures that count, their features, and what was noticed of them.
        image_count: As of `FittedModel`.
        reporters: The progress callback of each part of the work, by its name.
    """

    setup: Setup
    work: WorkFolder
    parts: Split
    checked: CheckedData
    image_count: int
    reporters: Mapping[str, OnProgress]


def prepare(
    data: Dataset,
    folder: Path,
    recipe: Recipe,
    *,
    device: str = "auto",
    resume: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Prepared:
    """Look at good pictures, compute their features and split them; parameters are as of `fit_model`."""
    setup = set_up([sample.path for sample in data.train], recipe, device=device)
    work = WorkFolder(folder, setup.plan(), resume=resume)
    reporters = _reporters(setup, on_progress)
    parts = split(
        setup.paths,
        setup.recipe,
        cross_fitted=setup.is_cross_fitted,
        folder=work.path / "frames",
        on_progress=reporters.get("frames", ignore_progress),
        frame_size=setup.frame_size,
    )
    everything = source_of(setup, parts.training + parts.held_out, work, reporters["features"])
    seen = replace(everything, store=everything.features, on_progress=reporters["suspects"])
    checked = check_data(seen, exclude_suspects=recipe.exclude_suspects)
    return Prepared(
        setup=setup,
        work=work,
        parts=parts,
        checked=checked,
        image_count=len(everything.pictures),
        reporters=reporters,
    )


def fit_model(
    data: Dataset,
    folder: Path,
    recipe: Recipe,
    *,
    device: str = "auto",
    resume: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> FittedModel:
    """Learn what good parts look like.

    Args:
        data: Whose good training pictures are learned from.
        folder: Where unfinished work is kept; it stays until the caller removes it (`FittedModel.work`).
        recipe: What is asked for.
        device: "auto", "cpu" or "cuda".
        resume: Resume the work that is there.
        on_progress: Called with each step of progress.

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    prepared = prepare(data, folder, recipe, device=device, resume=resume, on_progress=on_progress)
    setup, checked, reporters = prepared.setup, prepared.checked, prepared.reporters
    out_of_fold: Sequence[Measurement] = ()
    if setup.is_cross_fitted:
        cross_fitted = replace(checked.source, on_progress=reporters["folds"])
        out_of_fold = out_of_fold_measurements(cross_fitted, partial(fit, recipe=setup.recipe))
        source, held_out = without_first_fold(replace(cross_fitted, on_progress=reporters["fit"]))
    else:
        source, held_out = set_aside(
            replace(checked.source, on_progress=reporters["fit"]), prepared.parts.held_out
        )
    usual: tuple[Path, ...] = ()
    if setup.grid is not None:
        source, usual = set_aside(source, drawn_for_tiles(source.pictures, setup.grid, recipe.seed))
    model = fit(source, setup.recipe)
    tiles = None
    if setup.grid is not None:
        of_tiles = replace(source, on_progress=reporters["tiles"])
        tiles = fit_tiles(of_tiles, setup.grid, setup.recipe, usual=usual)
    return FittedModel(
        setup=setup,
        work=prepared.work,
        model=model,
        source=source,
        held_out=held_out,
        out_of_fold=out_of_fold,
        image_count=prepared.image_count,
        suspects=checked.suspects,
        notes=setup.notes + checked.notes,
        unread=checked.failures,
        cut_short=prepared.parts.failures,
        copies=checked.copies,
        tiles=tiles,
    )


def source_of(
    setup: Setup, pictures: tuple[Path, ...], work: WorkFolder, on_progress: OnProgress = ignore_progress
) -> FeatureSource:
    """Pictures with all that was decided: what a detector learns from."""
    return FeatureSource(
        encoder=setup.encoder,
        pictures=pictures,
        size=setup.recipe.shape,
        seed=setup.recipe.seed,
        device=setup.device,
        work=work,
        augmentation=setup.recipe.augmentation,
        views=setup.recipe.views,
        on_progress=on_progress,
    )


def _reporters(setup: Setup, on_progress: OnProgress) -> dict[str, OnProgress]:
    """The progress callback of each part of the work, by its name."""
    weights = {"frames": _FRAMES} if any(map(is_video_name, setup.paths)) else {}
    weights |= {"features": _FEATURES, "suspects": _SUSPECTS}
    weights |= {"folds": (FOLD_COUNT - 1) * _FIT} if setup.is_cross_fitted else {}
    weights |= {"fit": _FIT}
    weights |= {} if setup.grid is None else {"tiles": _FEATURES + _FIT}
    return {name: within(on_progress, *span) for name, span in spans(weights).items()}
