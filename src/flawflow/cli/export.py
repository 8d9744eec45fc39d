"""flawflow export: a model file for another engine and in fewer bits, measured against the model."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from flawflow.cli.engine_options import engine_option
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import EXIT_LEFT_OUT, PLACE, limit_option, require_new, say_notes
from flawflow.errors import ExportError, one_line

if TYPE_CHECKING:
    from flawflow.export.equivalence import Check
    from flawflow.export.export import Exported

PRECISIONS = ("fp32", "fp16", "bf16", "int8")

LAYOUTS = ("triton", "ovms")

_FAILURES_SHOWN = 10


@click.command("export", short_help="Make a model smaller or faster if its verdicts stay the same.")
@click.argument("model", type=PLACE)
@limit_option
@click.option("-o", "--output", type=PLACE, required=True, help="The model file, or repository, to write.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Precision of the weights; int8 also computes the encoder in 8 bits.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    help="Write MODEL into a model repository: of Triton, or of OpenVINO Model Server.",
)
@engine_option
@click.option(
    "--good", multiple=True, help="Good pictures (file, folder or pattern) that the model was not trained on."
)
@click.option("--data", type=PLACE, help="A data set with labelled test pictures.")
@click.option("--force", is_flag=True, help="Write it even if it is not equivalent.")
@click.option("--overwrite", is_flag=True, help="Replace the model file if it exists.")
def command(
    *,
    model: Path,
    output: Path,
    precision: str | None,
    layout: Literal["triton", "ovms"] | None,
    overwrite: bool,
    **measured: Any,
) -> None:
    """Write MODEL in another precision if it is equivalent to MODEL in --engine.

    With --good, scores, maps and verdicts are compared on these pictures, which also calibrate the new
    model; without, the calibration of MODEL is kept. With --data, AUROC and AUPRO are compared, too. A model
    outside a limit is refused with its figures.

    Or, with --layout, write MODEL with its calibration and configuration into OUTPUT, a model repository.

    \b
    Exit codes:
      0  the model was written
      2  nothing was written: a figure is outside its limit, wrong usage, no such model, no pictures
      3  the model was written, but some good pictures could not be read and were left out
    """
    if (precision is None) == (layout is None):
        raise click.UsageError("Give --precision, or --layout with a model file as it is to be served.")
    if layout is not None:
        from flawflow.export.layout import export_layout

        for path in export_layout(model, output, layout, overwrite=overwrite):
            click.echo(one_line(str(path)))
    else:
        assert precision is not None
        _export(model, output, precision, overwrite=overwrite, **measured)


def _export(
    model: Path,
    output: Path,
    precision: str,
    *,
    engine: str,
    good: tuple[str, ...],
    data: Path | None,
    force: bool,
    overwrite: bool,
) -> None:
    """Write a model in another precision, and print what was measured."""
    _require_export()
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.datasets import open_dataset
    from flawflow.export.export import export
    from flawflow.images.find import Search, search

    require_new(output, overwrite=overwrite)
    found = search(good) if good else Search()
    after_interrupt("interrupted; nothing was written")
    with ProgressDisplay() as progress:
        exported = export(
            model,
            output,
            engine=engine,
            precision=precision,
            good=found.pictures,
            labelled=open_dataset(data) if data is not None else None,
            force=force,
            on_progress=progress.update,
        )
    _print_checks(exported)
    if not exported.written:
        raise ExportError(
            f"{model} in {precision} on {engine} gives other results than before ({_broken(exported)}): "
            "nothing was written; take another precision, or write it with --force"
        )
    _print_result(exported, model, output, recalibrated=bool(good))
    say_notes(found.notes)
    if exported.unreadable:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def _require_export() -> None:
    if importlib.util.find_spec("onnx") is None:
        raise ExportError("export needs onnx, which is not installed: pip install 'flawflow[export]'")


def _print_checks(exported: "Exported") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for pictures, checks in exported.checks.items():
        title = f"Before and after, on {pictures} pictures"
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        table.add_column("")
        table.add_column("found", justify="right")
        table.add_column("limit")
        table.add_column("")
        for check in checks:
            table.add_row(check.name, check.figure, check.limit, _word(check))
        console.print(table)
        console.print()


def _word(check: "Check") -> str:
    return "[green]holds[/]" if check.holds else "[bold red]does not hold[/]"


def _broken(exported: "Exported") -> str:
    return "; ".join(
        f"{check.name} on {pictures} pictures {check.figure}, {check.limit}"
        for pictures, checks in exported.checks.items()
        for check in checks
        if not check.holds
    )


def _print_result(exported: "Exported", model: Path, output: Path, *, recalibrated: bool) -> None:
    from flawflow.report.wording import counted, promise

    sizes = [path.stat().st_size / 1e6 for path in (model, output)]
    click.echo(
        f"{one_line(str(output))} is {exported.card.precision}: {sizes[1]:.1f} MB, from {sizes[0]:.1f} MB."
    )
    if not exported.checks:
        click.echo("Nothing was measured: whether it is equivalent to the model is unknown.")
    elif not exported.holds:
        click.echo("Written because of --force: it is not equivalent to the model.")
    calibration = exported.card.calibration
    if recalibrated:
        click.echo(f"It is calibrated by {counted(len(calibration.scores), 'good picture')} of --good.")
        click.echo(promise(calibration))
    else:
        click.echo("Its calibration is the model's own, from before the export.")
    if exported.unreadable:
        count = counted(len(exported.unreadable), "picture")
        click.echo(f"{count} could not be read and were left out:", err=True)
        for sentence in exported.unreadable[:_FAILURES_SHOWN]:
            click.echo(f"  {sentence}", err=True)
