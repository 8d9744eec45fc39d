"""`flawflow inspect` where pictures or results are behind a URL: shard by shard, and to be resumed."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from flawflow.cli.group import after_interrupt
from flawflow.cli.options import at_rates
from flawflow.errors import FlawflowError, one_line
from flawflow.storage.paths import to_path
from flawflow.storage.remote import RemotePath

if TYPE_CHECKING:
    from flawflow.archive.numbers import Numbers
    from flawflow.archive.plan import Asked
    from flawflow.archive.shards import Work
    from flawflow.cli.executor_options import Where
    from flawflow.decision.calibration import Calibration
    from flawflow.executors.contract import Executor, Job
    from flawflow.inspection.inspector import Inspector
    from flawflow.progress import Progress

_SINKS = ("jsonl", "parquet", "overlays")


def inspect_archive(
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    *,
    sinks: tuple[str, ...] | None,
    engine: str,
    where: "Where | None" = None,
    **rates: float | None,
) -> "Numbers":
    """Inspect an archive, or continue it, show progress and print what was found.

    Args:
        model: The model file.
        pictures: One folder, prefix or picture.
        output: The folder of results.
        sinks: What --to named; None where it named nothing.
        engine: What runs the model.
        where: Where shards are inspected, each by itself; None for this process.
        rates: As `at_rates` takes them.
    """
    from flawflow.archive.numbers import add_up, missing_shards
    from flawflow.archive.plan import opened_plan, root_of
    from flawflow.archive.shards import Work, shard_jobs
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspection.inspector import Inspector
    from flawflow.inspection.parallel import threads_of

    if len(pictures) > 1:
        raise FlawflowError(
            "of an archive, name one folder of pictures: each other one has results of its own"
        )
    if isinstance(output, RemotePath):
        output.require_writable()
    executor = None if where is None else where.executor()
    place = to_path(pictures[0])
    inspector = Inspector.load(model, engine=engine, threads=threads_of(engine))
    calibration = at_rates(inspector.card.calibration, **rates)
    asked = _asked(place, inspector, calibration, sinks)
    after_interrupt("interrupted; what is done is kept: give the same command again to continue")
    with ProgressDisplay() as progress:
        plan = opened_plan(output, place, asked, on_listed=lambda count: progress.update("listing", count, 0))
        missing = missing_shards(output, plan)
        there = (plan.shard_count - len(missing)) * plan.per_shard
        work = Work(
            plan=plan,
            model=model.absolute(),
            root=root_of(place).absolute(),
            output=output.absolute(),
            engine=engine,
        )

        def seen(stage: str, done: int) -> None:
            progress.update(stage, min(there + done, plan.picture_count), plan.picture_count)

        if executor is not None:
            _inspect_by(executor, shard_jobs(work, missing), seen)
        else:
            _inspect_here(work, missing, inspector.with_calibration(calibration), seen)
    numbers = add_up(output, plan)
    _print(numbers, calibration, output)
    return numbers


def _inspect_here(
    work: "Work", missing: Sequence[int], inspector: "Inspector", seen: Callable[[str, int], None]
) -> None:
    from flawflow.archive.shards import work_on_shards

    for _ in work_on_shards(work, missing, lambda step: seen(step.stage, step.done), inspector=inspector):
        pass


def _inspect_by(executor: "Executor", jobs: "Sequence[Job]", seen: Callable[[str, int], None]) -> None:
    """Let an executor inspect shards; those that fail are said at the end, and no other waits for them."""
    done: dict[str, int] = {}
    failed: dict[str, str] = {}

    def step_of(name: str, step: "Progress") -> None:
        done[name] = step.done
        seen(step.stage, sum(done.values()))

    if jobs:
        click.echo(f"{executor.capacity(jobs).where}.", err=True)
    with closing(executor.run(jobs, step_of)) as outcomes:
        for outcome in outcomes:
            done[outcome.name] = outcome.value or 0
            if outcome.error:
                failed[outcome.name] = outcome.error
    if failed:
        first = min(failed)
        why = f"{first}: {failed[first].rstrip('.')}"
        raise FlawflowError(
            f"{len(failed)} of {len(jobs)} shards failed ({why}); the others are kept, and the same command "
            "continues"
        )


def _asked(
    place: Path, inspector: "Inspector", calibration: "Calibration", sinks: tuple[str, ...] | None
) -> "Asked":
    from flawflow.archive.plan import Asked, Overlays
    from flawflow.results.parquet import has_parquet

    foreign = [sink for sink in sinks or () if sink not in _SINKS]
    if foreign:
        raise FlawflowError(
            f"results of an archive cannot go to {foreign[0]!r}: choose of {', '.join(_SINKS)}"
        )
    parquet = sinks is None or "parquet" in sinks
    if parquet and not has_parquet():
        raise FlawflowError("Parquet needs one more package: pip install 'flawflow[parquet]', or --to jsonl")
    overlays = "ng" if sinks is None else "all" if "overlays" in sinks else "none"
    return Asked(
        pictures=str(place),
        model_sha256=inspector.sha256,
        rates=(calibration.false_reject_rate, calibration.review_rate),
        overlays=cast("Overlays", overlays),
        parquet=parquet,
    )


def _print(numbers: "Numbers", calibration: "Calibration", output: Path) -> None:
    from flawflow.report.wording import counted, promise

    for picture in numbers.worst:
        click.echo(f"{picture.verdict:7} {picture.score:10.4g}  {one_line(picture.path)}")
    click.echo(
        f"{counted(numbers.inspected, 'picture')} inspected: "
        f"{numbers.ng:,} NG, {numbers.review:,} REVIEW, {numbers.ok:,} OK"
    )
    click.echo(promise(calibration))
    if numbers.unreadable:
        click.echo(f"{counted(numbers.unreadable, 'picture')} could not be read:")
        for sentence in numbers.failures:
            click.echo(f"  {one_line(sentence)}")
    click.echo(f"Results: {one_line(str(output))}")
