"""flawflow fleet: all products of a plant with one command."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.executor_options import Where, executor_options
from flawflow.cli.fleet_add import command as add
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import limit_option, say_notes
from flawflow.cli.recipe import set_option
from flawflow.errors import one_line
from flawflow.recipe import PRESETS
from flawflow.storage.files import beside
from flawflow.storage.paths import scratch_place
from flawflow.training.requirements import require_training

if TYPE_CHECKING:
    from flawflow.executors.contract import Executor
    from flawflow.fleet.plan import Product
    from flawflow.fleet.status import Status

_SHOWN = 10


@click.group("fleet", no_args_is_help=False, short_help="Train the models of many products.")
def command() -> None:
    """Train a whole plant: every product of a plan, each to a model of its own."""


@command.command("train", short_help="Train every product of a plan.")
@click.argument("plan", type=click.Path(path_type=Path))
@limit_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for the models; with --joint, the file.",
)
@click.option("--joint", is_flag=True, help="Write one file, in which all products share encoder and flows.")
@click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    default=None,
    help="For all products.  [default: the plan's]",
)
@set_option
@executor_options()
@click.option(
    "--retry",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Try products that fail again, after all others, up to N times.",
)
def train(
    *,
    plan: Path,
    output: Path,
    joint: bool,
    preset: str | None,
    settings: tuple[str, ...],
    where: Where,
    retry: int,
) -> None:
    """Train every product of PLAN to OUTPUT/NAME.flaw, and measure it where labelled pictures are.

    PLAN is a TOML file, or a folder of data sets, of which each is a product:

    \b
        [defaults]
        preset = "fast"
        [products]
        bottle = "data/bottle"
        grid = { data = "data/grid", size = 320, "detector.blocks" = 4 }

    Paths count from the plan's folder. A product takes what a recipe has (see --set), and scene, good, bad
    and masks as flawflow train does.

    What is finished stays: the same command does only what is missing or has changed, and continues trainings
    that were stopped. OUTPUT/fleet.html shows all products, and what needs a person.

    With --joint all products are in the file OUTPUT: one encoder and one set of flows, and of each product
    its statistics, thresholds and promise. OUTPUT#NAME names one of them wherever a model file can be named.
    What is made on the way, and fleet.html, is in OUTPUT.fleet.

    \b
    Exit codes:
      0    every product is trained, and measured where it can be
      1    some product failed; it is named at the end, and all others are done
      2    nothing was begun
      130  interrupted; the same command continues
    """
    require_training()
    from flawflow.fleet.plan import Asked, read_products

    after_interrupt("interrupted; the same command continues where it stopped")
    products = read_products(plan, Asked(preset=preset, settings=settings))
    if joint:
        from flawflow.cli.fleet_joint import train_joint

        page = beside(scratch_place(output), ".fleet") / "fleet.html"
        _end(train_joint(products, output, where, partial(_train, where=where, retry=retry)), page)
    else:
        _end(_train(products, output, None, where=where, retry=retry), output / "fleet.html")


def _train(
    products: "Sequence[Product]", output: Path, executor: "Executor | None", *, where: Where, retry: int
) -> "list[Status]":
    """Do what is left of all products, and write the page."""
    from flawflow.fleet.fleet import lock_folder

    statuses = _looked(products, output)
    say_notes(dict.fromkeys(note for status in statuses for note in status.dataset.notes))
    _say_what_is_left(statuses)
    current = {status.product.name: status for status in statuses}
    if executor is None and any(not status.is_done for status in statuses):
        executor = where.executor()
    with lock_folder(output, ".fleet.lock"):
        try:
            for _ in range(1 + retry):
                if executor is not None and any(not status.is_done for status in current.values()):
                    _perform(current, output, executor, where)
        finally:
            from flawflow.fleet.page import write_page

            write_page([*current.values()], output)
    return [*current.values()]


def _looked(products: "Sequence[Product]", output: Path) -> "list[Status]":
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.fleet.fleet import look

    with ProgressDisplay() as display:
        return look(products, output, lambda done, total: display.update("Looking", done, total))


def _say_what_is_left(statuses: "Sequence[Status]") -> None:
    from flawflow.fleet.status import NOT_TRAINED
    from flawflow.report.wording import counted

    done = sum(status.is_done for status in statuses)
    click.echo(
        f"{counted(len(statuses), 'product')}: {done} finished already, {len(statuses) - done} to do.",
        err=True,
    )
    changed = [status for status in statuses if status.reason not in ("", NOT_TRAINED)]
    for status in changed[:_SHOWN]:
        click.echo(f"  {one_line(status.product.name)}: {status.reason}", err=True)
    if len(changed) > _SHOWN:
        click.echo(f"  and {len(changed) - _SHOWN} more", err=True)


def _perform(current: "dict[str, Status]", output: Path, executor: "Executor", where: Where) -> None:
    """Do what is left, and put what comes of it in place of what was."""
    from flawflow.cli.jobs_display import JobsDisplay
    from flawflow.fleet.fleet import jobs_of, perform, seconds_of, weights_of
    from flawflow.report.wording import duration

    statuses = [*current.values()]
    jobs = jobs_of(statuses, output, where)
    capacity = executor.capacity(jobs)
    seconds = seconds_of(statuses, capacity.at_once)
    unknown = "how long it takes is known once the first is done"
    takes = unknown if seconds is None else f"about {duration(seconds)}"
    click.echo(f"{capacity.where}; {takes}.", err=True)
    with (
        JobsDisplay(weights_of(statuses)) as display,
        closing(perform(statuses, output, executor, jobs, display.update)) as found,
    ):
        for status in found:
            current[status.product.name] = status
            display.end(status.product.name, _sentence(status))


def _sentence(status: "Status") -> str:
    from flawflow.report.wording import counted, duration

    name, record = status.product.name, status.record
    if status.error or record is None:
        return f"{name} failed: {status.error or status.reason}"
    said = f"{name}: {counted(record.image_count, 'good picture')}, trained in {duration(record.seconds)}"
    if record.suspects:
        said += f", {counted(len(record.suspects), 'suspect')}"
    if record.measures is not None and record.measures.evaluation is not None:
        said += f", image AUROC {100 * record.measures.evaluation.image_auroc:.2f}"
    return said


def _end(statuses: "Sequence[Status]", page: Path) -> None:
    from flawflow.fleet.attention import attention
    from flawflow.report.wording import counted

    failed = [status for status in statuses if status.error]
    needing = sum(bool(attention(status)) for status in statuses)
    models = counted(sum(status.is_done for status in statuses), "model")
    click.echo(
        f"{models} ready, {counted(needing, 'product')} for a person to look at: {one_line(str(page))}"
    )
    for status in failed:
        click.echo(f"flawflow: {one_line(status.product.name)} failed: {status.error}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


command.add_command(add)
