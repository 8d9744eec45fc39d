"""What `flawflow inspect` prints at the end."""

from typing import TYPE_CHECKING

from flawflow.errors import one_line

if TYPE_CHECKING:
    from flawflow.decision.calibration import Calibration
    from flawflow.results.deliver import Delivery
    from flawflow.results.record import Record
    from flawflow.results.sinks.report import Report

_FAILURES_SHOWN = 10


def print_summary(report: "Report", calibration: "Calibration", delivery: "Delivery") -> None:
    """Print the most anomalous pictures, the counts, what they promise and what went wrong."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from flawflow.report.wording import counted, drift_sentences, promise

    console = Console(highlight=False)
    summary = report.summary
    table = Table(title="The most anomalous pictures", title_justify="left", box=None, pad_edge=False)
    for name, justify in (("verdict", "left"), ("score", "right"), ("regions", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("picture", overflow="fold")
    for record in summary.worst:
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
        for _, sentence in summary.failures[:_FAILURES_SHOWN]:
            console.print(f"  {escape(sentence)}", soft_wrap=True)
    first, *more = drift_sentences(report.monitor.drift())
    console.print(escape(one_line(first)), soft_wrap=True)
    for sentence in more:
        console.print(f"  {escape(one_line(sentence))}", soft_wrap=True)
    for sink, count in delivery.missed.items():
        said = f"{counted(count, 'result')} not delivered to {sink}: {delivery.troubles[sink]}"
        console.print(f"[bold]{escape(one_line(said))}[/]", soft_wrap=True)
    if report.page is not None:
        console.print(f"Report: {escape(one_line(str(report.page)))}", soft_wrap=True)


def _row(record: "Record") -> tuple[str, ...]:
    from rich.markup import escape

    from flawflow.report.wording import named

    style = {"NG": "bold red", "REVIEW": "bold yellow", "OK": "green"}[record.verdict or "OK"]
    verdict = f"[{style}]{record.verdict}[/]"
    score = "" if record.score is None else f"{record.score:.4g}"
    return verdict, score, str(len(record.regions or ())), escape(one_line(named(record)))
