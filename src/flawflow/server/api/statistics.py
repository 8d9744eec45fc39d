"""Statistics of the line: yield over time with limits, by model and source, and what people say of it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from flawflow.server.api.shared import ModelName, in_utc, plain
from flawflow.server.api.statistics_schemas import DriftOut, StatisticsOut, statistics_json
from flawflow.server.db.statistics import Span
from flawflow.server.errors import ValueRefusedError
from flawflow.server.security.headers import policy_with_style
from flawflow.server.station import Station
from flawflow.server.statistics.report import report_csv, report_style
from flawflow.server.statistics.series import By

_USUAL = timedelta(days=7)
_LONGEST = timedelta(days=3660)


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
    reports = station.reports

    def good_picture(model: str) -> str | None:
        row = station.store.regions.good_picture(model)
        return None if row is None else f"/api/inspections/{row.id}/picture"

    @routes.get("/statistics")
    def statistics(span: Wanted, by: Length = "shift") -> StatisticsOut:
        """Give yield, NG and REVIEW over time with the limits of a p-chart, and what labels say of them."""
        return statistics_json(reports.summary(span, by), good_picture)

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
        summary = reports.summary(span, by)
        if format == "csv":
            return StreamingResponse(
                report_csv(summary),
                media_type="text/csv; charset=utf-8",
                headers={"content-disposition": 'attachment; filename="report.csv"'},
            )
        return HTMLResponse(reports.page(summary), headers=policy_with_style(report_style()))

    return routes
