"""flawflow inspect: pictures in, verdicts, overlays and a report page out."""

import itertools
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from flawflow.cli.engine_options import engine_option
from flawflow.cli.executor_options import shard_options
from flawflow.cli.group import after_interrupt
from flawflow.cli.inspect_routed import Numbers as TogetherNumbers
from flawflow.cli.inspect_routed import inspect_routed, of_product, product_option
from flawflow.cli.options import (
    EXIT_LEFT_OUT,
    PLACE,
    at_rates,
    limit_option,
    place_option,
    rate_options,
    say_notes,
    to_option,
)
from flawflow.errors import DatasetError, FlawflowError, one_line
from flawflow.storage.paths import is_remote

if TYPE_CHECKING:
    from flawflow.archive.numbers import Numbers
    from flawflow.cli.executor_options import Where
    from flawflow.model_file.card import Card
    from flawflow.report.summary import Summary
    from flawflow.results.sinks.contract import FileTransfer, Setting, Sink
    from flawflow.results.sinks.report import Report

EXIT_VERDICT = 1

_DEFAULT_SINKS = ("csv", "overlays", "report")


@click.command("inspect", short_help="Inspect pictures and show where they are anomalous.")
@click.argument("model", type=PLACE)
@click.argument("pictures", nargs=-1, required=True)
@click.option("-o", "--output", type=PLACE, required=True, help="Folder for the results.")
@click.option(
    "--overwrite", is_flag=True, help="Replace the results of an earlier inspection in that folder."
)
@product_option
@to_option("inspect", default=_DEFAULT_SINKS, besides="jsonl")
@place_option
@rate_options
@engine_option
@limit_option
@shard_options
@click.option("--fail-on-ng", is_flag=True, help="Exit with code 1 if a picture is NG.")
@click.option("--fail-on-review", is_flag=True, help="Exit with code 1 if a picture is NG or REVIEW.")
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    fail_on_ng: bool,
    fail_on_review: bool,
    where: "Where | None",
    **options: Any,
) -> None:
    """Inspect PICTURES (files, folders or patterns; videos too) with MODEL.

    A picture is NG if its score is above the threshold that a share of --false-reject-rate of good pictures
    may exceed, REVIEW if it is above that of --review-rate, and OK otherwise.

    Writes to the output folder: results.jsonl and results.csv (one record per picture, complete after
    every picture), overlays/ (each picture with its heatmap), drift.json (whether camera or lighting have
    changed since the calibration) and report.html (opens in any browser); --to selects among these and
    more.

    Every frame of a video is inspected as a picture; overlays/ then holds a video and a timeline of its
    scores. This needs an extra: pip install 'flawflow[video]'.

    A picture that cannot be read is recorded with its reason, and the others are inspected.

    Where PICTURES or the output is a URL (s3://, gs://, az://; https:// to read), an archive is inspected:
    its listing is frozen into shards, each with its records as JSON lines and Parquet, overlays are of NG
    pictures (all with --to overlays), and the same command resumes what was ended.

    \b
    Exit codes:
      0  all pictures were inspected, whatever the verdicts
      1  a picture is NG (with --fail-on-ng), or NG or REVIEW (with --fail-on-review)
      2  nothing was done: wrong usage, no such model, no pictures
      3  some pictures could not be read, or some results not delivered
    """
    from flawflow.model_file.joint import AUTO

    summary: Numbers | Summary | TogetherNumbers
    product = options.pop("product")
    if product != AUTO:
        model, product = of_product(model, product), None
    if is_remote(output) or any(map(is_remote, pictures)):
        is_named = context.get_parameter_source("sinks") is not ParameterSource.DEFAULT
        if product is not None:
            raise FlawflowError("an archive shows one product: name that with --product in place of auto")
        summary, missed = _archive(model, pictures, output, is_named=is_named, where=where, **options), 0
    elif where is not None:
        raise FlawflowError("--on is for archives: name the pictures or the output by a URL, or leave it out")
    elif product is not None:
        found = [*itertools.chain(*_find(pictures, output)[:2])]
        run = partial(run_inspection, **options)
        summary, missed = inspect_routed(model, found, output, run, overwrite=options["overwrite"])
    else:
        summary, missed = run_inspection(model, pictures, output, **options)
    if summary.unreadable or missed:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)
    if (summary.ng and (fail_on_ng or fail_on_review)) or (summary.review and fail_on_review):
        raise click.exceptions.Exit(EXIT_VERDICT)


def _archive(
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    *,
    is_named: bool,
    overwrite: bool,
    sinks: tuple[str, ...],
    place: str,
    **rest: Any,
) -> "Numbers":
    from flawflow.cli.inspect_archive import inspect_archive

    del place
    if overwrite:
        raise FlawflowError(
            "results of an archive are never replaced: name another folder in place of --overwrite"
        )
    return inspect_archive(model, pictures, output, sinks=sinks if is_named else None, **rest)


def run_inspection(
    model: Path,
    pictures: tuple[str, ...],
    output: Path,
    *,
    overwrite: bool = False,
    sinks: tuple[str, ...] = _DEFAULT_SINKS,
    place: "FileTransfer" = "copy",
    engine: str = "onnxruntime",
    **rates: float | None,
) -> tuple["Summary", int]:
    """Inspect pictures into sinks, show progress and print what was found.

    Returns:
        The numbers of the inspection, and how many results some sink has not got.
    """
    from flawflow.cli.inspect_summary import print_summary
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspection.inspector import Inspector
    from flawflow.inspection.parallel import threads_of
    from flawflow.report.overlay_paths import common_folder, overlay_paths
    from flawflow.results.deliver import Delivery
    from flawflow.results.run import Run
    from flawflow.results.sinks.contract import Setting

    inspector = Inspector.load(model, engine=engine, threads=threads_of(engine))
    calibration = at_rates(inspector.card.calibration, **rates)
    inspector = inspector.with_calibration(calibration)
    paths, videos, notes = _find(pictures, output)
    setting = Setting(
        verb="inspect",
        output=output,
        pictures=common_folder([*paths, *videos]),
        place=place,
        model=model.name,
        card=inspector.card,
        overlay_paths=overlay_paths([*paths, *videos]),
    )
    opened, report = _open_sinks(sinks, setting, inspector.card, overwrite=overwrite)
    after_interrupt(f"interrupted; what has been inspected so far is in {output / 'results.jsonl'}")
    run = Run(inspector, model=model.name, pictures=setting.pictures)
    with Delivery(opened) as delivery, ProgressDisplay() as progress:
        for done, result in enumerate(run.results(paths, opened), start=1):
            delivery.deliver(result)
            progress.update("inspecting", done, len(paths))
        for video in videos:
            from flawflow.results.videos import deliver_video

            stage = f"inspecting {one_line(video.name)}"
            deliver_video(run, video, delivery, setting, partial(progress.update, stage))
        delivery.finish()
    print_summary(report, calibration, delivery)
    say_notes(notes)
    return report.summary, delivery.missed.total()


def _open_sinks(
    texts: tuple[str, ...], setting: "Setting", card: "Card", *, overwrite: bool
) -> tuple[list["Sink"], "Report"]:
    """Open the sinks in the order of delivery, and give the one of them that counts."""
    from flawflow.results.previous import clear, has_results
    from flawflow.results.sinks import open_sink
    from flawflow.results.sinks.report import Report

    # An overlay is there before a record names it, and the list of all before what may wait for a network.
    kinds = [kind for kind in ("overlays",) if kind in texts]
    kinds += ["jsonl", *(text for text in dict.fromkeys(texts) if text not in ("overlays", "jsonl"))]
    opened = [open_sink(kind, setting) for kind in kinds]
    report = next((sink for sink in opened if isinstance(sink, Report)), None)
    if report is None:
        report = Report(setting.output, model=setting.model, card=card, page=False)
        opened.append(report)
    if has_results(setting.output):
        if not overwrite:
            raise FlawflowError(
                f"{setting.output} holds results of an earlier inspection: choose another folder, "
                "or replace them with --overwrite"
            )
        clear(setting.output)
    return opened, report


def _find(pictures: tuple[str, ...], output: Path) -> tuple[list[Path], list[Path], tuple[str, ...]]:
    """Find pictures and videos, without overlays of an earlier inspection, and report what was skipped."""
    from flawflow.images import IMAGE_SUFFIXES, search
    from flawflow.results.sinks.overlays import OVERLAYS_NAME
    from flawflow.video.names import VIDEO_SUFFIXES, is_video_name, require_video

    overlays = os.path.abspath(output / OVERLAYS_NAME) + os.sep  # noqa: PTH100 resolve() would follow links
    searched = search(pictures, suffixes=IMAGE_SUFFIXES | VIDEO_SUFFIXES)
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
