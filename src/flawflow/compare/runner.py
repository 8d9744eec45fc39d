"""One run of a comparison: train, measure, time; kept when it is done."""

import os
import platform
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from flawflow.compare.exhibits import write_maps
from flawflow.compare.plan import Run, packages
from flawflow.compare.record import EVALUATED, RunRecord
from flawflow.compare.trained import trained
from flawflow.datasets.digest import digest_of_files
from flawflow.executors.contract import Executor, Job, OnJobProgress, Resources
from flawflow.images import read_image, resize_image
from flawflow.inspection.evaluate import evaluate
from flawflow.metrics.resampling import SetCounts
from flawflow.progress import OnProgress, Progress, within
from flawflow.runtime.engine import Engine
from flawflow.runtime.processor import processor
from flawflow.training.estimate import memory_of_training

_WARM_UP, _TIMED = 3, 30


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        run: The run.
        record: Its figures, JSON-ready; None where it failed.
        error: The sentence that says why it failed.
    """

    run: Run
    record: RunRecord | None
    error: str = ""


def finished(runs: Sequence[Run], folder: Path) -> list[Outcome]:
    """The outcomes that `folder` already holds, in the order of the runs; damaged ones do not count."""
    kept = ((run, RunRecord.read(_file(run, folder))) for run in runs)
    return [Outcome(run, record) for run, record in kept if record is not None]


def perform(
    runs: Sequence[Run], folder: Path, *, executor: Executor, resources: Resources, on_progress: OnJobProgress
) -> Generator[Outcome, None, None]:
    """Do the runs; a run that fails does not stop the others.

    Each finished one is written whole to `folder`/runs/KEY.json; an unfinished training stays in
    `folder`/work and goes on when the run is done again.

    Args:
        runs: Those that are not finished.
        folder: Of the comparison.
        executor: Does them.
        resources: What each run may take.
        on_progress: Receives a run's key and its progress.
    """
    by_key = {run.key: run for run in runs}
    at_once = executor.capacity(jobs_of(runs, folder, resources)).at_once
    jobs = jobs_of(runs, folder, resources, at_once=at_once)
    with closing(executor.run(jobs, on_progress)) as outcomes:
        for outcome in outcomes:
            yield Outcome(by_key[outcome.name], outcome.value, outcome.error)


def jobs_of(runs: Sequence[Run], folder: Path, resources: Resources, *, at_once: int = 1) -> list[Job]:
    """The runs as jobs, which are named by their keys and write down how many run at a time."""
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    return [
        Job(
            name=run.key,
            work=partial(_done, run, folder.absolute(), resources.device, at_once),
            memory_bytes=memory_of_training(run.variant.recipe, len(run.dataset.train)),
            cores=resources.cores,
            gpus=resources.gpus,
            imports=("flawflow.compare.runner", "flawflow.training.imported"),
        )
        for run in runs
    ]


def milliseconds(engine: Engine, picture: NDArray[np.uint8]) -> float:
    """The median time to run a graph on one picture of its size, (H, W, 3), in milliseconds."""
    for _ in range(_WARM_UP):
        engine.run(picture[None])
    times = []
    for _ in range(_TIMED):
        started = perf_counter()
        engine.run(picture[None])
        times.append(perf_counter() - started)
    return 1000 * median(times)


def machine(at_once: int = 1) -> str:
    """The machine in words, and what else it did, because times mean nothing without it."""
    words = f"{platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} threads"
    return words if at_once == 1 else f"{words}, {at_once} runs at a time"


def _done(run: Run, folder: Path, device: str, at_once: int, on_progress: OnProgress) -> RunRecord:
    """Do a run, and keep its record where it is done."""
    record = _perform(run, folder, device, at_once, on_progress)
    record.write(_file(run, folder))
    return record


def _perform(run: Run, folder: Path, device: str, at_once: int, on_progress: OnProgress) -> RunRecord:
    dataset = run.dataset
    # Thresholds are not compared, and one training tells its time.
    recipe = run.variant.recipe.replace(seed=run.seed, calibration="split")
    # An unfinished training belongs to its files; the same pictures elsewhere start from scratch.
    files = digest_of_files([sample.path for sample in dataset.train])[:8]
    model = folder / "work" / f"{run.key}-{files}.flaw"
    learned = trained(dataset, model, recipe, device=device, on_progress=within(on_progress, 0.0, 0.9))
    tell = within(on_progress, 0.9, 1.0)
    evaluation = evaluate(
        learned.inspector,
        dataset,
        counts=True,
        progress=lambda done, total: tell(Progress("Measuring", done, total)),
    )
    write_maps(learned.inspector, dataset, maps_file(run, folder))
    counts = (result.counts for result in evaluation.images)
    SetCounts.of(one for one in counts if one is not None).save(counts_file(run, folder))
    picture = resize_image(read_image(dataset.test[0].path), learned.inspector.card.size)
    record = RunRecord(
        key=run.key,
        category=dataset.name,
        preset=recipe.preset,
        recipe=recipe.decisive(),
        seed=run.seed,
        size=learned.inspector.card.size,
        localises=recipe.detector.kind.localises,
        **{name: getattr(evaluation, name) for name in EVALUATED},
        image_auroc_by_kind={name: part.image_auroc for name, part in evaluation.per_defect.items()},
        train_seconds=learned.seconds,
        milliseconds=milliseconds(learned.engine, picture),
        megabytes=learned.megabytes,
        parameters=learned.parameters,
        train_pictures=learned.image_count,
        test_pictures=evaluation.image_count,
        left_out=(*evaluation.left_out, *learned.left_out),
        machine=machine(at_once),
        device=device,
        packages=packages(),
    )
    model.unlink(missing_ok=True)
    return record


def _file(run: Run, folder: Path) -> Path:
    return folder / "runs" / f"{run.key}.json"


def counts_file(run: Run, folder: Path) -> Path:
    """Where a run keeps what each test picture adds to its measures."""
    return folder / "runs" / f"{run.key}.npz"


def maps_file(run: Run, folder: Path) -> Path:
    """Where a run keeps its maps over some test pictures."""
    return folder / "runs" / f"{run.key}.jpg"
