"""flawflow inspect: pictures in, verdicts, overlays and a report page out."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flawflow.cli.group import after_interrupt
from flawflow.cli.options import EXIT_LEFT_OUT, at_rates, engine_option, limit_option, rate_options, say_notes
from flawflow.errors import DatasetError, FlawflowError, one_line

if TYPE_CHECKING:
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspect.inspector import Inspector
    from flawflow.judge.calibration import Calibration
    from flawflow.report.folder import ResultFolder
    from flawflow.report.summary import Summary

EXIT_FOUND = 1

_WORST_SHOWN = 10


@click.command("inspect", short_help="Judge pictures and show where they are wrong.")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("pictures", nargs=-1, required=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results."
)
@click.option(
    "--overwrite", is_flag=True, help="Replace the results of an earlier inspection in that folder."
)
@rate_options
@engine_option
@limit_option
@click.option("--fail-on-ng", is_flag=True, help="Exit with code 1 when a picture is NG.")
@click.option("--fail-on-review", is_flag=True, help="Exit with code 1 when a picture is NG or REVIEW.")
def command(
    *,
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    overwrite: bool,
    engine: str,
    fail_on_ng: bool,
    fail_on_review: bool,
    **rates: float | None,
) -> None:
    """Inspect PICTURES (files, folders or patterns; videos too) with MODEL.

    A picture is NG when its score is above what the share --false-reject-rate of good pictures may exceed,
    else REVIEW when it is above what the share --review-rate may exceed, else OK.

    Writes into the output folder: results.jsonl and results.csv (one record a picture, complete after
    every picture), overlays/ (each picture with its heat map), drift.json (whether camera or light have
    changed since the calibration) and report.html (opens in any browser).

    Of a video every frame is inspected as a picture; overlays/ then holds a video and a timeline of its
    scores. That needs the extra: pip install 'flawflow[video]'.

    A picture that cannot be read is recorded with its reason, and the others are inspected.

    \b
    Exit codes:
      0  all pictures were inspected, whatever the verdicts
      1  a picture is NG (with --fail-on-ng), or NG or REVIEW (with --fail-on-review)
      2  nothing could be done: wrong usage, no such model, no pictures
      3  some pictures could not be read
    """
    summary = run_inspection(model, pictures, output, overwrite=overwrite, engine=engine, **rates)
    if summary.unreadable:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)
    if (summary.ng and (fail_on_ng or fail_on_review)) or (summary.review and fail_on_review):
        raise click.exceptions.Exit(EXIT_FOUND)


def run_inspection(
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    *,
    overwrite: bool = False,
    engine: str = "onnxruntime",
    false_reject_rate: float | None = None,
    review_rate: float | None = None,
) -> "Summary":
    """Inspect pictures into a result folder, show progress and print what was found."""
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspect.inspector import Inspector
    from flawflow.inspect.stream import threads_a_worker
    from flawflow.report.folder import ResultFolder, clear, has_results
    from flawflow.report.names import overlay_names

    # The cores gain more from pictures side by side than from one. OpenVINO's threads serve all callers.
    threads = threads_a_worker() if engine == "onnxruntime" else None
    inspector = Inspector.load(model, engine=engine, threads=threads)
    calibration = at_rates(
        inspector.card.calibration, false_reject_rate=false_reject_rate, review_rate=review_rate
    )
    inspector = inspector.with_calibration(calibration)
    paths, videos, notes = _find(pictures, output)
    if has_results(output):
        if not overwrite:
            raise FlawflowError(
                f"{output} holds results of an earlier inspection: choose another folder, "
                "or replace them with --overwrite"
            )
        clear(output)
    after_interrupt(f"interrupted; what was inspected until now is in {output / 'results.jsonl'}")
    with (
        ResultFolder(
            output, model=model.name, card=inspector.card, overlay_names=overlay_names([*paths, *videos])
        ) as results,
        ProgressDisplay() as progress,
    ):
        for done, outcome in enumerate(inspector.inspect_and(results.draw, paths), start=1):
            results.add(outcome)
            progress.update("inspecting", done, len(paths))
        for video in videos:
            _inspect_video(inspector, video, results, progress)
        page = results.finish()
    _print_summary(results, calibration, page)
    say_notes(notes)
    return results.summary


def _inspect_video(
    inspector: "Inspector", path: Path, results: "ResultFolder", progress: "ProgressDisplay"
) -> None:
    """Inspect one video frame by frame; what is wrong with the file becomes a record."""
    from flawflow.errors import PictureError
    from flawflow.inspect.inspection import Failure
    from flawflow.video.inspect import inspect_video
    from flawflow.video.read import open_video
    from flawflow.video.results import video_results

    try:
        with open_video(path) as video, video_results(results, video) as shown:
            for done, outcome in enumerate(inspect_video(inspector, video), start=1):
                shown.add(outcome)
                progress.update(f"inspecting {one_line(path.name)}", done, max(video.frame_count, done))
    except PictureError as error:
        results.add(Failure(path, str(error)))


def _find(pictures: tuple[str, ...], output: Path) -> tuple[list[Path], list[Path], tuple[str, ...]]:
    """Find pictures and videos, without overlays of an earlier inspection, and tell what was passed by."""
    from flawflow.picture import PICTURE_SUFFIXES, search
    from flawflow.report.folder import OVERLAYS_NAME
    from flawflow.video.names import VIDEO_SUFFIXES, is_video_name, require_video

    overlays = os.path.abspath(output / OVERLAYS_NAME) + os.sep  # noqa: PTH100 resolve() would follow links
    searched = search(pictures, suffixes=PICTURE_SUFFIXES | VIDEO_SUFFIXES)
    found = [
        path
        for path in searched.pictures
        if not os.path.abspath(path).startswith(overlays)  # noqa: PTH100
    ]
    if not found:
        raise DatasetError(
            f"only flawflow's own overlays are among {' '.join(pictures)}: name other pictures"
        )
    videos = [path for path in found if is_video_name(path)]
    if videos:
        require_video(videos[0])
    return [path for path in found if not is_video_name(path)], videos, searched.notes


def _print_summary(results: "ResultFolder", calibration: "Calibration", page: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from flawflow.report.words import counted, drifted, promise

    console = Console(highlight=False)
    summary = results.summary
    table = Table(title="The most anomalous pictures", title_justify="left", box=None, pad_edge=False)
    for name, justify in (("verdict", "left"), ("score", "right"), ("regions", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("picture", overflow="fold")
    for record in results.worst(_WORST_SHOWN):
        table.add_row(*_row(record))
    if table.row_count:
        console.print(table)
        console.print()
    console.print(
        f"{counted(summary.inspected, 'picture')} inspected: "
        f"{summary.ng:,} NG, {summary.review:,} REVIEW, {summary.ok:,} OK"
    )
    console.print(promise(calibration), soft_wrap=True)
    if summary.unreadable:
        console.print(f"[bold]{counted(summary.unreadable, 'picture')} could not be read:[/]")
        for _, sentence in summary.failures[:_WORST_SHOWN]:
            console.print(f"  {escape(sentence)}", soft_wrap=True)
    first, *more = drifted(results.monitor.drift())
    console.print(escape(one_line(first)), soft_wrap=True)
    for sentence in more:
        console.print(f"  {escape(one_line(sentence))}", soft_wrap=True)
    console.print(f"Report: {escape(one_line(str(page)))}", soft_wrap=True)


def _row(record: dict[str, Any]) -> tuple[str, ...]:
    from rich.markup import escape

    from flawflow.report.words import named

    style = {"NG": "bold red", "REVIEW": "bold yellow", "OK": "green"}[record["verdict"]]
    verdict = f"[{style}]{record['verdict']}[/]"
    return verdict, f"{record['score']:.4g}", str(len(record["regions"])), escape(one_line(named(record)))
