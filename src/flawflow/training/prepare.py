"""From good pictures to a fitted model: which pictures, their features, copies and suspects, and the fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from flawflow.datasets import Dataset
from flawflow.inspection.calibrate import Measurement
from flawflow.progress import OnProgress, ignore_progress, spans, within
from flawflow.recipe import Recipe
from flawflow.training.cross_fit import PARTS, measure_by_sisters, without_first_part
from flawflow.training.data_checks import gather
from flawflow.training.feature_source import Source
from flawflow.training.fit import fit
from flawflow.training.model import InspectionModel
from flawflow.training.setup import Setup, set_up
from flawflow.training.split import set_aside, split
from flawflow.training.suspects import Suspect
from flawflow.training.unfinished_work import WorkFolder
from flawflow.video.names import is_video_name

# Roughly how long each part takes beside the others: a bar of progress needs no more.
_FRAMES, _FEATURES, _SUSPECTS, _FIT = 6.0, 6.0, 1.0, 22.0


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A fitted model, and what is needed to calibrate and describe it.

    Attributes:
        setup: What was decided before.
        work: Where unfinished work is kept; the caller removes it.
        model: Encoder, detector and head.
        source: What the model learned from.
        held_out: Good pictures that it has not seen, to calibrate with.
        others: Measurements of further good pictures by sister models.
        picture_count: Good pictures that were given, frames of videos among them, readable or not.
        suspects: Those that may be defective, the most unusual first.
        notes: Sentences about the pictures that a person should read.
        unread: Pictures that could not be read, each with the sentence that says why.
        cut_short: Videos that could not be read to their end, likewise.
    """

    setup: Setup
    work: WorkFolder
    model: InspectionModel
    source: Source
    held_out: tuple[Path, ...]
    others: Sequence[Measurement]
    picture_count: int
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    unread: tuple[tuple[Path, str], ...]
    cut_short: tuple[tuple[Path, str], ...]


def learn(
    data: Dataset,
    folder: Path,
    recipe: Recipe,
    *,
    device: str = "auto",
    resume: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Learned:
    """Learn what good parts look like.

    Args:
        data: Whose good training pictures are learned from.
        folder: Where unfinished work is kept; it stays until the caller removes it (`Learned.work`).
        recipe: What is asked for.
        device: "auto", "cpu" or "cuda".
        resume: Go on with the work that is there.
        on_progress: Called with each step of progress.

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    setup = set_up([sample.path for sample in data.train], recipe, device=device)
    work = WorkFolder(folder, setup.plan(), resume=resume)
    told = _told(setup, on_progress)
    parts = split(
        setup.paths,
        setup.recipe,
        crossed=setup.is_crossed,
        folder=work.path / "frames",
        on_progress=told.get("frames", ignore_progress),
    )
    everything = source_of(setup, parts.learned_from + parts.held_out, work, told["features"])
    seen = replace(everything, store=everything.features, on_progress=told["suspects"])
    gathered = gather(seen, exclude_suspects=recipe.exclude_suspects)
    others: Sequence[Measurement] = ()
    if setup.is_crossed:
        crossed = replace(gathered.source, on_progress=told["sisters"])
        others = measure_by_sisters(crossed, partial(fit, recipe=setup.recipe))
        source, held_out = without_first_part(replace(crossed, on_progress=told["fit"]))
    else:
        source, held_out = set_aside(replace(gathered.source, on_progress=told["fit"]), parts.held_out)
    return Learned(
        setup=setup,
        work=work,
        model=fit(source, setup.recipe),
        source=source,
        held_out=held_out,
        others=others,
        picture_count=len(everything.pictures),
        suspects=gathered.suspects,
        notes=setup.notes + gathered.notes,
        unread=gathered.failures,
        cut_short=parts.failures,
    )


def source_of(
    setup: Setup, pictures: tuple[Path, ...], work: WorkFolder, on_progress: OnProgress = ignore_progress
) -> Source:
    """Pictures with all that was decided: what a detector learns from."""
    return Source(
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


def _told(setup: Setup, on_progress: OnProgress) -> dict[str, OnProgress]:
    """Who is told of each part of the work, by its name."""
    weights = {"frames": _FRAMES} if any(map(is_video_name, setup.paths)) else {}
    weights |= {"features": _FEATURES, "suspects": _SUSPECTS}
    weights |= {"sisters": (PARTS - 1) * _FIT} if setup.is_crossed else {}
    weights |= {"fit": _FIT}
    return {name: within(on_progress, *span) for name, span in spans(weights).items()}
