"""The report of a shift or any other span: a page to be printed, and a table."""

from collections.abc import Iterator
from datetime import datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from flawflow.results.table import csv_line
from flawflow.server.statistics.summary import Summary

WORDS = {
    "title": "Inspection report",
    "from": "From",
    "until": "until",
    "model": "Model",
    "source": "Source",
    "all": "all",
    "inspected": "Inspected",
    "share": "Share",
    "over_time": "Share of NG over time",
    "begins": "Begins",
    "limits": "Limits",
    "out": "beyond",
    "limit_note": "A point beyond its limits (p ± 3 standard deviations of chance) is marked.",
    "by_model": "By model",
    "by_source": "By source",
    "labels": "What people said",
    "good": "Good",
    "bad": "Bad",
    "agree": "People and model agree on {share} of {count} pictures that both have judged{kappa}.",
    "kappa": " (Cohen's kappa {value:.2f})",
    "rejects": "False reject rate: {rate}, 95 % interval {low} to {high}, from {good} good among {reviewed} "
    "reviewed of {total} pictures judged NG.",
    "assumption": "Pictures judged OK or REVIEW are taken to be as good as their reviewed ones, or all where "
    "none was reviewed; those reviewed are taken to be like the others.",
    "none": "No picture was inspected in this time.",
    "made": "Made",
}
"""What the page says, in one place for translations."""

_COLUMNS = ("begins", "ok", "review", "ng", "share_ng", "lower", "upper", "beyond")
_WIDTH, _HEIGHT = 760, 180


def report_page(summary: Summary, *, station: str, made: datetime) -> str:
    """Give the page.

    Args:
        summary: What it says.
        station: The station's name.
        made: When, in local time.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": _percent, "moment": _moment}
    text = (resources.files("flawflow.server.statistics") / "report.html").read_text("utf-8")
    return environment.from_string(text).render(
        words=WORDS,
        station=station,
        made=made,
        summary=summary,
        since=summary.span.since.astimezone(),
        until=summary.span.until.astimezone(),
        chart=_chart(summary),
        said=_said(summary),
        tables=(("by_model", "model", summary.models), ("by_source", "source", summary.sources)),
    )


def report_csv(summary: Summary) -> Iterator[bytes]:
    """Give the points as CSV, times in local time with their offset."""
    yield csv_line(_COLUMNS)
    for point in summary.points:
        counts = point.counts
        values = (counts.ok, counts.review, counts.ng, counts.share_ng, point.lower, point.upper)
        yield csv_line((point.start.isoformat(), *values, str(point.is_out).lower()))


def _said(summary: Summary) -> list[str]:
    found, agreed = summary.false_rejects, summary.agreement
    said = []
    if agreed is not None:
        kappa = "" if agreed.kappa is None else WORDS["kappa"].format(value=agreed.kappa)
        said.append(WORDS["agree"].format(share=_percent(agreed.share), count=agreed.count, kappa=kappa))
    if found is not None:
        rates = {name: _percent(getattr(found, name)) for name in ("rate", "low", "high")}
        said.append(
            WORDS["rejects"].format(**rates, good=found.good, reviewed=found.reviewed, total=found.total)
        )
        said.append(WORDS["assumption"])
    return said


def _chart(summary: Summary) -> Markup:
    """The p-chart as SVG; what its classes look like is in the style sheet."""
    if not summary.points:
        return Markup("")
    top = max(max(point.counts.share_ng, point.upper) for point in summary.points) or 1.0
    step = _WIDTH / len(summary.points)

    def y(share: float) -> str:
        return f"{_HEIGHT - 10 - (_HEIGHT - 20) * share / top:.1f}"

    parts = [
        Markup('<svg class="p-chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _WIDTH, _HEIGHT, WORDS["over_time"]
        )
    ]
    parts += [
        _limits(index * step, step, y(point.lower), y(point.upper))
        for index, point in enumerate(summary.points)
    ]
    parts.append(
        Markup('<line class="centre" x1="0" x2="{}" y1="{}" y2="{}"/>').format(
            _WIDTH, y(summary.centre), y(summary.centre)
        )
    )
    for index, point in enumerate(summary.points):
        parts.append(
            Markup('<circle class="{}" cx="{:.1f}" cy="{}" r="{}"><title>{}: {}</title></circle>').format(
                "out" if point.is_out else "in",
                (index + 0.5) * step,
                y(point.counts.share_ng),
                5 if point.is_out else 3,
                _moment(point.start),
                _percent(point.counts.share_ng),
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _limits(x: float, width: float, lower: str, upper: str) -> Markup:
    height = float(lower) - float(upper)
    return Markup('<rect class="limits" x="{:.1f}" width="{:.1f}" y="{}" height="{:.1f}"/>').format(
        x, width, upper, height
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
