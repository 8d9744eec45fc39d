"""`flawflow inspect` where pictures or results are behind a URL: shard by shard, and to be resumed."""

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
    from flawflow.decision.calibration import Calibration
    from flawflow.inspection.inspector import Inspector

_SINKS = ("jsonl", "parquet", "overlays")


def inspect_archive(
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    *,
    sinks: tuple[str, ...] | None,
    engine: str,
    **rates: float | None,
) -> "Numbers":
    """Inspect an archive, or continue it, show progress and print what was found.

    Args:
        model: The model file.
        pictures: One folder, prefix or picture.
        output: The folder of results.
        sinks: What --to named; None where it named nothing.
        engine: What runs the model.
        rates: As `at_rates` takes them.
    """
    from flawflow.archive.numbers import add_up, missing_shards
    from flawflow.archive.plan import opened_plan, root_of
    from flawflow.archive.shards import Work, work_on_shards
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspection.inspector import Inspector
    from flawflow.progress import Progress

    if len(pictures) > 1:
        raise FlawflowError(
            "of an archive, name one folder of pictures: each other one has results of its own"
        )
    if isinstance(output, RemotePath):
        output.require_writable()
    place = to_path(pictures[0])
    inspector = Inspector.load(model, engine=engine)
    calibration = at_rates(inspector.card.calibration, **rates)
    asked = _asked(place, inspector, calibration, sinks)
    after_interrupt("interrupted; what is done is kept: give the same command again to continue")
    with ProgressDisplay() as progress:
        plan = opened_plan(output, place, asked, on_listed=lambda count: progress.update("listing", count, 0))
        missing = missing_shards(output, plan)
        there = (plan.shard_count - len(missing)) * plan.per_shard
        work = Work(plan=plan, model=model, root=root_of(place), output=output, engine=engine)

        def seen(step: Progress) -> None:
            progress.update(step.stage, min(there + step.done, plan.picture_count), plan.picture_count)

        for _ in work_on_shards(work, missing, seen):
            pass
    numbers = add_up(output, plan)
    _print(numbers, calibration, output)
    return numbers


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
