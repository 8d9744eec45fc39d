"""flawflow evaluate: how good a model is on labelled pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.group import after_interrupt
from flawflow.cli.options import EXIT_LEFT_OUT, dataset_options, engine_option, say_left_out, say_notes
from flawflow.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from flawflow.datasets import Dataset
    from flawflow.inspection.evaluate import ModelEvaluation
    from flawflow.model_file.card import Card


@click.command("evaluate", short_help="Evaluate a model on labelled pictures.")
@click.argument("model", type=click.Path(path_type=Path))
@dataset_options
@engine_option
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write the metrics as JSON to this file; - writes them to stdout and the table to stderr.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Write a report with verdicts, metrics and pictures of each defect type to this file (.html).",
)
def command(
    *, model: Path, dataset: "Dataset", engine: str, json_path: Path | None, report: Path | None
) -> None:
    """Measure MODEL on the labelled test pictures of DATA.

    Measured are AUROC and average precision of pictures and of pixels, and AUPRO up to a false positive
    rate of 0.3, over all test pictures and for each type of defect. Nothing is fitted to them.

    \b
    Exit codes:
      0  measured
      2  nothing could be measured
      3  measured, but some pictures or masks could not be used and were left out
    """
    from rich.console import Console

    from flawflow.storage.files import write_whole

    to_stdout = json_path == Path("-")
    console = Console(stderr=to_stdout, highlight=False)
    evaluation = run_evaluation(model, dataset, engine=engine, console=console, report=report)
    text = json.dumps(
        {"model": model.name, "dataset": dataset.name, **evaluation.to_dict()}, indent=2, allow_nan=False
    )
    if to_stdout:
        click.echo(text)
    elif json_path is not None:
        write_whole(json_path, text + "\n")
    if evaluation.left_out:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def run_evaluation(
    model: Path,
    dataset: "Dataset",
    *,
    engine: str = "onnxruntime",
    console: "Console",
    report: Path | None = None,
) -> "ModelEvaluation":
    """Evaluate with progress, print the table and write the page that was asked for."""
    from rich.markup import escape

    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspection.evaluate import evaluate
    from flawflow.inspection.inspector import Inspector

    after_interrupt("interrupted; nothing was written")
    inspector = Inspector.load(model, engine=engine)
    with ProgressDisplay() as progress:
        evaluation = evaluate(
            inspector,
            dataset,
            progress=lambda done, total: progress.update("measuring", done, total),
        )
    _print_table(evaluation, dataset.name, console)
    # The data set's own notes were said when it was opened.
    say_notes(evaluation.notes[len(dataset.notes) :])
    say_left_out(evaluation.left_out, "file could not be used")
    if report is not None:
        _write_report(report, evaluation, inspector.card, names=(model.name, dataset.name))
        console.print(f"Report: {escape(one_line(str(report)))}", soft_wrap=True)
    return evaluation


def _write_report(path: Path, evaluation: "ModelEvaluation", card: "Card", *, names: tuple[str, str]) -> None:
    from flawflow.report.evaluation import render_evaluation
    from flawflow.results.record import readable
    from flawflow.storage.files import write_whole

    page = render_evaluation(evaluation, card, model=names[0], dataset=names[1])
    write_whole(path, readable(page))


def _print_table(evaluation: "ModelEvaluation", name: str, console: "Console") -> None:
    from rich.markup import escape
    from rich.table import Table

    counts = f"{evaluation.image_count} test pictures, {evaluation.defect_count} of them defective"
    title = f"{escape(one_line(name))}: {counts}"
    between = " to ".join(map(_percent, evaluation.image_auroc_interval))
    caption = f"in percent; 50 is chance for AUROC; with other pictures, image AUROC is {between} (95 %)"
    table = Table(title=title, title_justify="left", caption=caption, box=None)
    table.add_column("")
    for column in ("pictures", "image AUROC", "pixel AUROC", "AUPRO"):
        table.add_column(column, justify="right")
    table.add_row(
        "all", str(evaluation.image_count),
        *map(_percent, (evaluation.image_auroc, evaluation.pixel_auroc, evaluation.aupro)),
        style="bold",
    )  # fmt: skip
    for defect, part in evaluation.per_defect.items():
        measures = map(_percent, (part.image_auroc, part.pixel_auroc, part.aupro))
        table.add_row(escape(one_line(defect)), str(part.image_count), *measures)
    console.print(table)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"
