"""Many products in one file: what flawflow fleet train --joint does."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.executor_options import Where
from flawflow.errors import FleetError, one_line

if TYPE_CHECKING:
    from flawflow.executors.contract import Executor, Job
    from flawflow.fleet.joint import JointPlan, Pictured
    from flawflow.fleet.plan import Product
    from flawflow.fleet.status import Status
    from flawflow.inspection.routing import Confusion

_PAIRS_SHOWN = 5

Train = Callable[["Sequence[Product]", Path, "Executor"], "list[Status]"]
"""Trains what is left to do of products in a folder, and gives where each stands."""


def train_joint(products: "Sequence[Product]", output: Path, where: Where, train: Train) -> "list[Status]":
    """Learn shared flows, train every product with them, and write the file of all that are trained."""
    from flawflow.fleet.fleet import lock_folder
    from flawflow.fleet.joint import JointPlan
    from flawflow.storage.files import beside
    from flawflow.storage.paths import scratch_place

    if output.is_dir():
        raise FleetError(f"{output} is a folder, and --joint writes one file: name that.")
    plan = JointPlan(_pictured(products), beside(scratch_place(output), ".fleet"))
    executor = where.executor()
    with lock_folder(plan.folder, ".joint.lock"):
        _perform(plan.vector_jobs(where), executor, "vectors are drawn")
        _perform(plan.flows_jobs(where), executor, "learned")
        statuses = train(plan.products(), plan.folder, executor)
        ready = [status.product.name for status in statuses if status.record is not None]
        if ready:
            _write(plan, output, executor, where, ready)
    return statuses


def _pictured(products: "Sequence[Product]") -> "list[Pictured]":
    from flawflow.errors import FlawflowError
    from flawflow.fleet.joint import Pictured

    found = []
    for product in products:
        try:
            found.append(Pictured(product=product, dataset=product.source.open()))
        except FlawflowError as error:
            raise FleetError(f"The product {product.name}: {error}") from None
    return found


def _perform(jobs: "Sequence[Job]", executor: "Executor", said: str) -> None:
    """Do jobs that all that follows needs.

    Raises:
        FleetError: One failed.
    """
    from flawflow.cli.jobs_display import JobsDisplay

    if not jobs:
        return
    click.echo(f"{executor.capacity(jobs).where}.", err=True)
    failed = []
    with (
        JobsDisplay(dict.fromkeys((job.name for job in jobs), 1.0)) as display,
        closing(executor.run(jobs, display.update)) as outcomes,
    ):
        for outcome in outcomes:
            display.end(outcome.name, f"{outcome.name}: {outcome.error or said}")
            failed += [outcome] if outcome.error else []
    if failed:
        raise FleetError(
            f"{failed[0].name}: {failed[0].error} The shared flows need every product of the plan: correct "
            "it or leave it out; what is done stays."
        )


def _write(plan: "JointPlan", output: Path, executor: "Executor", where: Where, ready: Sequence[str]) -> None:
    from flawflow.fleet.record import model_file
    from flawflow.inspection.routing import confusion, gaussians_of

    _perform(plan.route_jobs(where), executor, "told apart")
    routing = plan.write(output, ready)
    size = output.stat().st_size
    alone = sum(model_file(plan.folder, name).stat().st_size for name in ready)
    click.echo(
        f"{one_line(str(output))}: {len(ready)} products, {size / 1e6:.1f} MB ({alone / 1e6:.1f} MB as files "
        "of their own)"
    )
    say_confusion(confusion(gaussians_of(routing)))


def say_confusion(found: "Confusion") -> None:
    """State how sure --product auto is."""
    click.echo(
        f"--product auto takes {found.wrong} of {found.pictures} good pictures that it had not seen for "
        f"another product's ({100 * found.share:.1f} %)."
    )
    for name, taken, count in found.pairs[:_PAIRS_SHOWN]:
        click.echo(f"  {one_line(name)} for {one_line(taken)}: {count}")
    if len(found.pairs) > _PAIRS_SHOWN:
        click.echo(f"  and {len(found.pairs) - _PAIRS_SHOWN} more pairs")
