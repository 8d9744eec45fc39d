"""From products to models: what is left to do is done by an executor, and every outcome is known."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from flawflow.errors import FlawflowError, FleetError
from flawflow.executors.contract import Executor, Job, OnJobProgress, Resources
from flawflow.fleet.job import ProductJob
from flawflow.fleet.plan import Product
from flawflow.fleet.status import Status, status_of
from flawflow.storage.file_lock import FileLock
from flawflow.training.estimate import memory_of_training

_MEMORY_MARGIN = 1.1
# What measuring takes beside training, and what the steps of a training take, in pictures.
_OF_MEASURING, _OF_TRAINING = 0.1, 200


def lock_folder(folder: Path, name: str) -> FileLock:
    """Make a folder of models where it is missing, and keep other trainings out of it.

    Args:
        folder: Where models and unfinished work lie.
        name: The name of the lock's file.

    Raises:
        LockedError: Another process trains into it: they would take each other's unfinished work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(
        folder / name,
        f"another flawflow fleet train works on {folder}: wait for its end, or name another place with -o",
    )


def look(
    products: Sequence[Product], folder: Path, on_looked: Callable[[int, int], None] | None = None
) -> list[Status]:
    """Open all data sets and look at what is done.

    Args:
        products: Of different names.
        folder: Of the models.
        on_looked: Called after each product with (done, all).

    Raises:
        FleetError: The pictures of a product cannot serve their purpose; no work has begun.
    """
    found = []
    for product in products:
        try:
            dataset = product.source.open()
            if not dataset.train:
                raise FleetError(f"{product.source} has no good picture to train on: add some.")
            found.append(status_of(product, dataset, folder))
        except FlawflowError as error:
            raise FleetError(f"The product {product.name}: {error}") from None
        if on_looked is not None:
            on_looked(len(found), len(products))
    return found


def jobs_of(statuses: Sequence[Status], folder: Path, resources: Resources) -> list[Job]:
    """What is left to do, as jobs; each with the memory that others of its recipe took, if any did."""
    return [
        Job(
            name=status.product.name,
            work=ProductJob(product=status.product, folder=folder.absolute(), device=resources.device),
            memory_bytes=_memory(status, statuses),
            cores=resources.cores,
            gpus=resources.gpus,
            imports=("flawflow.training.imported",),
        )
        for status in statuses
        if not status.is_done
    ]


def perform(
    statuses: Sequence[Status],
    folder: Path,
    executor: Executor,
    jobs: Sequence[Job],
    on_progress: OnJobProgress,
) -> Generator[Status, None, None]:
    """Train and measure what is left to do; a product that fails does not stop the others.

    Args:
        statuses: As of `look`.
        folder: Of the models.
        executor: Does it.
        jobs: As of `jobs_of`.
        on_progress: Receives a product's name and its progress.

    Yields:
        The new status of each product that something was left to do of, as they end.
    """
    before = {status.product.name: status for status in statuses}
    # Closing this closes the executor's, which ends what runs.
    with closing(executor.run(jobs, on_progress)) as outcomes:
        for outcome in outcomes:
            status = before[outcome.name]
            now = status_of(status.product, status.dataset, folder)
            yield replace(now, error=outcome.error)


def weights_of(statuses: Sequence[Status]) -> dict[str, float]:
    """What each product that is left takes beside the others, for a bar of progress; by name."""
    left = [status for status in statuses if not status.is_done]
    seconds = [_seconds(status, statuses) for status in left]
    known = [each for each in seconds if each is not None]
    weights = known if len(known) == len(left) else [_weight(status) for status in left]
    return {status.product.name: weight for status, weight in zip(left, weights, strict=True)}


def seconds_of(statuses: Sequence[Status], at_once: int) -> float | None:
    """How long what is left takes, by products that were trained here; None where one has none like it."""
    seconds = [_seconds(status, statuses) for status in statuses if not status.is_done]
    known = [each for each in seconds if each is not None]
    return sum(known) / at_once if len(known) == len(seconds) else None


def _seconds(status: Status, statuses: Sequence[Status]) -> float | None:
    """By the product of the same recipe with about as many pictures: few are trained on in another way."""
    own = status.record
    alike = [own] if own else [other.record for other in statuses if other.record and _alike(other, status)]
    if not alike:
        return None
    count = len(status.dataset.train)
    nearest = min(alike, key=lambda record: abs(math.log(record.image_count / count)))
    whole = nearest.seconds * (_OF_TRAINING + count) / (_OF_TRAINING + nearest.image_count)
    return _OF_MEASURING * whole if own else whole


def _weight(status: Status) -> float:
    return (_OF_TRAINING + len(status.dataset.train)) * (_OF_MEASURING if status.record else 1.0)


def _alike(one: Status, other: Status) -> bool:
    first, second = one.product.recipe, other.product.recipe
    same = first.preset == second.preset and first.detector == second.detector and first.size == second.size
    return same and first.encoder == second.encoder


def _memory(status: Status, statuses: Sequence[Status]) -> int:
    """By the largest of those like it that were trained, for as many pictures; else by the estimate."""
    count = len(status.dataset.train)
    estimate = memory_of_training(status.product.recipe, count)
    measured = [
        one.record.peak_bytes
        * max(estimate / memory_of_training(one.product.recipe, one.record.image_count), 1)
        for one in statuses
        if one.record is not None and one.record.peak_bytes and _alike(one, status)
    ]
    return int(_MEMORY_MARGIN * max(measured)) if measured else estimate
