"""From products to models: what is left to do is done by an executor, and every outcome is known."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

from flawflow.errors import FlawflowError, FleetError
from flawflow.executors.contract import Executor, Job, OnJobProgress, Resources
from flawflow.fleet.job import ProductJob
from flawflow.fleet.plan import Product
from flawflow.fleet.status import Status, status_of
from flawflow.training.estimate import memory_of_training

_MEMORY_MARGIN = 1.1
# What measuring takes beside training on as many pictures, and what a product takes without any picture.
_OF_MEASURING, _OF_BEGINNING = 0.1, 50


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


def weight_of(status: Status) -> float:
    """How much a product takes beside others, for a bar of progress."""
    train = len(status.dataset.train) if status.record is None else 0
    return _OF_BEGINNING + train + _OF_MEASURING * len(status.dataset.test)


def seconds_of(statuses: Sequence[Status], at_once: int) -> float | None:
    """How long what is left takes, by the products of the same preset and detector that were trained here.

    None where there is none for one of those that are left.
    """
    total = 0.0
    for status in statuses:
        if status.is_done or status.record is not None:
            continue
        paces = [
            other.record.seconds / weight_of(replace(other, record=None))
            for other in statuses
            if other.record is not None and _alike(other, status)
        ]
        if not paces:
            return None
        total += median(paces) * weight_of(status)
    return total / at_once


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
