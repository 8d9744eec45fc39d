"""The report of a shift or any other span: a page to be printed, and a table."""

import functools
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined

from flawflow.results.table import csv_line
from flawflow.server.statistics.pchart import p_chart
from flawflow.server.statistics.place_map import place_map
from flawflow.server.statistics.places import cumulative
from flawflow.server.statistics.summary import Summary
from flawflow.server.statistics.wording import SIZES, THIRDS, WORDS, moment, percent

_COLUMNS = ("begins", "ok", "review", "ng", "share_ng", "lower", "upper", "beyond")
_STYLES = ("tokens", "base", "parts", "statistics")


def report_page(
    summary: Summary, *, station: str, made: datetime, pictures: Mapping[str, bytes | None]
) -> str:
    """Give the page, whole: it needs no other file.

    Args:
        summary: What it says.
        pictures: A good picture of each model, JPEG or PNG; None where none is kept.
        station: The station's name.
        made: When, in local time.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "moment": moment, "pareto": cumulative}
    text = (resources.files("flawflow.server.statistics") / "report.html").read_text("utf-8")
    return environment.from_string(text).render(
        words=WORDS,
        station=station,
        made=made,
        summary=summary,
        since=summary.span.since.astimezone(),
        until=summary.span.until.astimezone(),
        style=report_style(),
        chart=p_chart(summary),
        maps={each.model: place_map(each, pictures.get(each.model)) for each in summary.places},
        names={"thirds": THIRDS, "sizes": SIZES},
        said=_said(summary),
        tables=(("by_model", "model", summary.models), ("by_source", "source", summary.sources)),
    )


@functools.cache
def report_style() -> str:
    """Give the style sheet of the page."""
    folder = resources.files("flawflow.server") / "static" / "css"
    return "\n".join((folder / f"{name}.css").read_text("utf-8") for name in _STYLES)


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
        said.append(WORDS["agree"].format(share=percent(agreed.share), count=agreed.count, kappa=kappa))
    if found is not None:
        rates = {name: percent(getattr(found, name)) for name in ("rate", "low", "high")}
        said.append(
            WORDS["rejects"].format(**rates, good=found.good, reviewed=found.reviewed, total=found.total)
        )
        said.append(WORDS["assumption"])
    return said
