"""Statistics of the line: yield over time with limits, by model and source, and what people say of it."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field

from flawflow.server.api.shared import ModelName, in_utc, plain
from flawflow.server.db.filters import Label
from flawflow.server.db.statistics import Span
from flawflow.server.errors import ValueRefusedError
from flawflow.server.shift import shift_starts
from flawflow.server.station import Station
from flawflow.server.statistics.report import report_csv, report_page
from flawflow.server.statistics.series import By, Counts
from flawflow.server.statistics.summary import Summary, summarise

_USUAL = timedelta(days=7)
_LONGEST = timedelta(days=3660)


class CountsOut(BaseModel):
    """How many were judged what."""

    name: str | None = Field(None, description="the model or source; null for all together")
    ok: int
    review: int
    ng: int


class PointOut(CountsOut):
    """A stretch of time."""

    start: datetime = Field(description="with the offset of the station's zone")
    lower: float = Field(description="lower limit of the share of NG")
    upper: float = Field(description="upper limit of the share of NG")
    beyond: bool = Field(description="whether the share of NG is beyond a limit")


class ReviewedOut(BaseModel):
    """How many of a verdict have a label."""

    verdict: str
    label: Label
    count: int


class AgreementOut(BaseModel):
    """How far people and model agree, where both have said OK or NG, good or bad."""

    share: float
    kappa: float | None = Field(description="Cohen's; null where one of them always says the same")
    count: int


class FalseRejectsOut(BaseModel):
    """Which share of good parts was judged NG, estimated from the labels."""

    rate: float
    low: float = Field(description="lower end of the 95 % interval")
    high: float = Field(description="upper end of the 95 % interval")
    good: int = Field(description="judged NG, and good by a person's word")
    reviewed: int = Field(description="judged NG and reviewed as good or bad")
    total: int = Field(description="judged NG")


class FindingOut(BaseModel):
    """One way in which the pictures have changed."""

    statistic: str
    words: str = Field(description="such as brighter")
    since: int = Field(description="number of the OK picture at which it was certain enough to say")
    before: float = Field(description="median of the calibration's pictures")
    now: float = Field(description="median of the latest OK pictures")


class DriftOut(BaseModel):
    """Whether camera or light have changed since the calibration."""

    since: datetime = Field(description="the station's start, or the last change of the model or its rates")
    findings: list[FindingOut]
    hint: str | None = Field(description="a sentence where most of the latest pictures are not OK in one way")
    compared: int = Field(description="OK pictures that were compared")
    reference: int = Field(description="the calibration's pictures; 0 where the model has none")
    false_alarm_rate: float = Field(description="of any finding ever, if nothing has changed")


class StatisticsOut(BaseModel):
    """The statistics of a span of time."""

    since: datetime
    until: datetime
    by: By
    points: list[PointOut] = Field(description="of the p-chart; stretches without an inspection are left out")
    centre: float = Field(description="the share of NG of all")
    counts: CountsOut
    models: list[CountsOut]
    sources: list[CountsOut]
    reviewed: list[ReviewedOut]
    agreement: AgreementOut | None
    false_rejects: FalseRejectsOut | None


def _span(
    *,
    model: Annotated[str | None, Query(max_length=200)] = None,
    source: Annotated[str | None, Query(max_length=255)] = None,
    since: Annotated[datetime | None, Query(description="default: seven days before `until`")] = None,
    until: Annotated[datetime | None, Query(description="default: now")] = None,
) -> Span:
    end = in_utc(until)
    if end is None:
        # What is going on belongs to it: counts are kept by quarters of an hour.
        end = datetime.now(UTC) + timedelta(minutes=15)
    try:
        begin = in_utc(since) or end - _USUAL
        if not timedelta(0) < end - begin <= _LONGEST:
            raise ValueRefusedError("`since` lies before `until`, by ten years at most")
    except OverflowError:
        raise ValueRefusedError("this time is out of range") from None
    return Span(since=begin, until=end, model=plain(model), source=plain(source))


Wanted = Annotated[Span, Depends(_span)]
Length = Annotated[By, Query(description="how long a point is")]


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api")
    shifts = shift_starts(station.settings.shifts)

    def of(span: Span, by: By) -> Summary:
        return summarise(station.store.statistics, span, by, shifts)

    @routes.get("/statistics")
    def statistics(span: Wanted, by: Length = "shift") -> StatisticsOut:
        """Give yield, NG and REVIEW over time with the limits of a p-chart, and what labels say of them."""
        return _out(of(span, by))

    @routes.get("/models/{name}/drift")
    def drift(name: ModelName) -> DriftOut:
        """Say whether a model's pictures still look like those of its calibration."""
        watched = station.inspection_service.drift.of(station.registry.get(name))
        return DriftOut(**watched.drift.to_dict(), since=watched.since)

    @routes.get(
        "/report",
        response_class=Response,
        responses={
            200: {"content": {kind: {"schema": {"type": "string"}} for kind in ("text/html", "text/csv")}}
        },
    )
    def report(span: Wanted, by: Length = "hour", format: Literal["html", "csv"] = "html") -> Response:  # noqa: A002
        """Give the same as a page to be printed, or the points as CSV."""
        summary = of(span, by)
        if format == "csv":
            return StreamingResponse(
                report_csv(summary),
                media_type="text/csv; charset=utf-8",
                headers={"content-disposition": 'attachment; filename="report.csv"'},
            )
        made = datetime.now(UTC).astimezone()
        return HTMLResponse(report_page(summary, station=socket.gethostname(), made=made))

    return routes


def _out(summary: Summary) -> StatisticsOut:
    points = [
        PointOut(
            **vars(point.counts), start=point.start, lower=point.lower, upper=point.upper, beyond=point.is_out
        )
        for point in summary.points
    ]
    reviewed = [
        {"verdict": verdict, "label": label, "count": count}
        for (verdict, label), count in sorted(summary.reviewed.items())
    ]
    values: dict[str, Any] = {
        "since": summary.span.since,
        "until": summary.span.until,
        "by": summary.by,
        "points": points,
        "centre": summary.centre,
        "counts": _counts(summary.counts),
        "models": [_counts(counts, name) for name, counts in summary.models.items()],
        "sources": [_counts(counts, name) for name, counts in summary.sources.items()],
        "reviewed": reviewed,
        "agreement": None if summary.agreement is None else vars(summary.agreement),
        "false_rejects": None if summary.false_rejects is None else vars(summary.false_rejects),
    }
    return StatisticsOut.model_validate(values)


def _counts(counts: Counts, name: str | None = None) -> CountsOut:
    return CountsOut(name=name, **vars(counts))
