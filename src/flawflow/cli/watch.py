"""flawflow watch: a folder into which a line drops pictures; verdicts go where they are wanted."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flawflow.cli.engine_options import engine_options
from flawflow.cli.options import (
    LOCAL,
    PLACE,
    at_rates,
    limit_option,
    place_option,
    rate_options,
    to_option,
)
from flawflow.errors import WatchError, one_line

if TYPE_CHECKING:
    from flawflow.inspection.inspector import Inspector
    from flawflow.results.record import Record
    from flawflow.results.sinks.contract import FileTransfer
    from flawflow.watch.dispatcher import OutboxDispatcher
    from flawflow.watch.journal import Journal
    from flawflow.watch.watcher import Watcher

_VERDICTS = ("OK", "REVIEW", "NG", "unreadable")
_JOURNAL = "journal.sqlite"
# What may pass between Ctrl-C and the end: a delivery that is under way has ten seconds.
_SECONDS_TO_END = 15.0


@click.command("watch", short_help="Inspect pictures as a production line writes them.")
@click.argument("folder", type=LOCAL)
@click.option("--model", type=PLACE, required=True, help="The model file.")
@click.option(
    "-o",
    "--output",
    type=LOCAL,
    required=True,
    help="Folder for the journal and results.",
)
@to_option("watch", default=("jsonl",))
@place_option
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Seconds between two scans, and how long a file must be unchanged.",
)
@click.option(
    "--give-up",
    type=click.FloatRange(min=0.0),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Seconds after which a file that cannot be decoded is reported.",
)
@engine_options
@rate_options
@limit_option
def command(
    *,
    folder: Path,
    model: Path,
    output: Path,
    sinks: tuple[str, ...],
    place: "FileTransfer",
    interval: float,
    give_up: float,
    **inspecting: Any,
) -> None:
    """Watch FOLDER and inspect every picture that comes into it, the oldest first, until Ctrl-C.

    A picture is inspected once it has stopped changing and can be decoded. OUTPUT/journal.sqlite records what
    is done: the same command continues where it stopped, inspects each file once and delivers every verdict
    at least once, however often it or the receiver is restarted. A file that is written again with other
    content is inspected again.

    \b
    Exit codes:
      0  stopped by Ctrl-C or SIGTERM; what a receiver has not received stays in the journal
      2  nothing was done: wrong usage, no such model or folder, OUTPUT in use
    """
    from flawflow.results.sinks import open_sink
    from flawflow.results.sinks.contract import Setting
    from flawflow.results.sinks.overlays import Overlays
    from flawflow.watch.dispatcher import OutboxDispatcher
    from flawflow.watch.examine import ImageExaminer
    from flawflow.watch.journal import Journal
    from flawflow.watch.watcher import Watcher, WatchLimits

    if not folder.is_dir():
        raise WatchError(f"{folder} is not a folder: give the one that receives the pictures")
    if folder.resolve() == output.resolve():
        raise WatchError(f"{output} is the watched folder itself: name another output folder")
    inspector = _inspector(model, **inspecting)
    setting = Setting(verb="watch", output=output, pictures=folder, place=place, card=inspector.card)
    chosen = [open_sink(text, setting) for text in dict.fromkeys(sinks)]
    # Drawn as soon as a picture is inspected: the journal keeps records, and no maps.
    overlays = next((sink for sink in chosen if isinstance(sink, Overlays)), None)
    opened = [sink for sink in chosen if sink is not overlays]
    journal = Journal(output / _JOURNAL)
    journal.offer_again()
    dispatchers = [OutboxDispatcher(sink, journal) for sink in opened]
    watcher = Watcher(
        folder,
        journal,
        ImageExaminer(inspector, model, overlays),
        sinks=[sink.name for sink in opened],
        leave_out=output,
        limits=WatchLimits(interval_seconds=interval, give_up_seconds=give_up),
        on_done=lambda record: _done(record, dispatchers),
    )
    click.echo(f"Watching {one_line(str(folder))}; press Ctrl-C to stop.", err=True)
    _run(watcher, dispatchers)
    _end(watcher, dispatchers, journal)


def _inspector(
    model: Path, *, engine: str, false_reject_rate: float | None, review_rate: float | None
) -> "Inspector":
    from flawflow.inspection.inspector import Inspector

    inspector = Inspector.load(model, engine=engine)
    calibration = at_rates(
        inspector.card.calibration, false_reject_rate=false_reject_rate, review_rate=review_rate
    )
    return inspector.with_calibration(calibration)


def _done(record: "Record", dispatchers: "Sequence[OutboxDispatcher]") -> None:
    if record.error is not None:
        click.echo(f"flawflow: {one_line(record.error)}", err=True)
    for dispatcher in dispatchers:
        dispatcher.wake()


def _run(watcher: "Watcher", dispatchers: "Sequence[OutboxDispatcher]") -> None:
    from flawflow.cli.progress import ProgressDisplay

    with _stopped_by_signal() as stop, ProgressDisplay() as progress:
        watcher.run(
            stop, lambda: progress.update("inspected", _count(watcher), 0, _note(watcher, dispatchers))
        )


@contextmanager
def _stopped_by_signal() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or SIGTERM sets; a second one interrupts at once."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def on_signal(number: int, _frame: Any) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for handled, handler in before.items():
            signal.signal(handled, handler)


def _count(watcher: "Watcher") -> int:
    return sum(watcher.verdict_counts[verdict] for verdict in _VERDICTS)


def _note(watcher: "Watcher", dispatchers: "Sequence[OutboxDispatcher]") -> str:
    """What is worth seeing besides the number of pictures."""
    counts = [f"{watcher.verdict_counts[verdict]:,} {verdict}" for verdict in _VERDICTS]
    troubles = [watcher.trouble, *(dispatcher.trouble for dispatcher in dispatchers)]
    return "; ".join(
        [", ".join([*counts, f"{watcher.waiting:,} waiting"]), *(one_line(text) for text in troubles if text)]
    )


def _end(watcher: "Watcher", dispatchers: "Sequence[OutboxDispatcher]", journal: "Journal") -> None:
    """Deliver what can be delivered now, and say what was done and what is left."""
    ended = [dispatcher.close(_SECONDS_TO_END) for dispatcher in dispatchers]
    verdict_counts = watcher.verdict_counts
    counts = ", ".join(f"{verdict_counts[verdict]:,} {verdict}" for verdict in _VERDICTS)
    click.echo(
        f"{_count(watcher):,} pictures: {counts}. {verdict_counts['duplicate']:,} were duplicates; "
        f"{verdict_counts['unchanged']:,} were written again without change."
    )
    for sink, count in journal.backlog().items():
        click.echo(f"{count:,} records for {one_line(sink)} stay in the journal for the next start.")
    if all(ended):
        journal.close()
