"""flawflow evaluate: how good a model is on labelled pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.engine_options import engine_option
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import (
    EXIT_LEFT_OUT,
    LOCAL,
    PLACE,
    dataset_options,
    say_left_out,
    say_notes,
)
from flawflow.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from flawflow.datasets import Dataset
    from flawflow.inspection.evaluate import ModelEvaluation
    from flawflow.inspection.inspector import Inspector
    from flawflow.model_file.card import Card


@click.command("evaluate", short_help="Evaluate a model on labelled pictures.")
@click.argument("model", type=PLACE)
@dataset_options
@engine_option
@click.option(
    "--json",
    "json_path",
    type=PLACE,
    help="Write the metrics as JSON to this file; - writes them to stdout and the table to stderr.",
)
@click.option(
    "--submission",
    type=LOCAL,
    help="Write the maps of MVTec AD 2's private pictures to this folder, as its server takes them.",
)
@click.option(
    "--report",
    type=PLACE,
    help="Write a report with verdicts, metrics and pictures of each defect type to this file (.html).",
)
def command(
    *,
    model: Path,
    dataset: "Dataset",
    engine: str,
    json_path: Path | None,
    submission: Path | None,
    report: Path | None,
) -> None:
    """Evaluate MODEL on the labelled test pictures of DATA.

    The metrics are AUROC and average precision of pictures and of pixels, AUPRO up to false positive rates of
    0.3 and of 0.05, and what the model's own thresholds achieve: recall, false rejects, SegF1. Data sets are
    taken as published: MVTec AD, AD 2, 3D-AD and LOCO AD, VisA, BTAD, MPDD, Real-IAD. Nothing is fitted to
    them.

    \b
    Exit codes:
      0  evaluated
      2  nothing could be evaluated
      3  evaluated, but some pictures or masks could not be used and were left out
    """
    from rich.console import Console

    from flawflow.storage.files import write_whole

    to_stdout = json_path == Path("-")
    console = Console(stderr=to_stdout, highlight=False)
    evaluation = run_evaluation(
        model, dataset, engine=engine, console=console, report=report, submission=submission
    )
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
    submission: Path | None = None,
) -> "ModelEvaluation":
    """Evaluate with progress, print the table and write the page and the maps that were asked for."""
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
    if submission is not None:
        _write_submission(submission, inspector, dataset, console)
    return evaluation


def _write_submission(folder: Path, inspector: "Inspector", dataset: "Dataset", console: "Console") -> None:
    from rich.markup import escape

    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspection.submission import write_submission
    from flawflow.report.wording import counted

    with ProgressDisplay() as progress:
        count = write_submission(
            inspector,
            dataset,
            folder,
            progress=lambda done, total: progress.update("writing maps", done, total),
        )
    console.print(f"Maps of {counted(count, 'picture')}: {escape(one_line(str(folder)))}", soft_wrap=True)


def _write_report(path: Path, evaluation: "ModelEvaluation", card: "Card", *, names: tuple[str, str]) -> None:
    from flawflow.report.evaluation import render_evaluation
    from flawflow.results.record import readable
    from flawflow.storage.files import write_whole

    page = render_evaluation(evaluation, card, model=names[0], dataset=names[1])
    write_whole(path, readable(page))


def _print_table(evaluation: "ModelEvaluation", name: str, console: "Console") -> None:
    from rich.markup import escape
    from rich.table import Table

    from flawflow.report.measures import at_threshold, cells, headings, segmented

    counts = f"{evaluation.image_count} test pictures, {evaluation.defect_count} of them defective"
    title = f"{escape(one_line(name))}: {counts}"
    between = " to ".join(f"{100 * end:.2f}" for end in evaluation.image_auroc_interval)
    caption = f"in percent; 50 is chance for AUROC; with other pictures, image AUROC is {between} (95 %)"
    table = Table(title=title, title_justify="left", caption=caption, box=None)
    table.add_column("")
    for column in ("pictures", *headings(evaluation)):
        table.add_column(column, justify="right")
    table.add_row("all", str(evaluation.image_count), *cells(evaluation), style="bold")
    for defect, part in evaluation.per_defect.items():
        table.add_row(escape(one_line(defect)), str(part.image_count), *cells(evaluation, part))
    console.print(table)
    for sentence in filter(None, (at_threshold(evaluation), segmented(evaluation))):
        console.print(sentence)
