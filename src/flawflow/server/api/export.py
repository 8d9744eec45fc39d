"""GET /api/export: the record as a table, written while it is read."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from flawflow.server.api.shared import Wanted
from flawflow.server.export import csv_pages, parquet_pages, require_parquet
from flawflow.server.schemas import Problem
from flawflow.server.station import Station

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def router(station: Station) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get(
        "/api/export",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/csv": _BINARY, "application/vnd.apache.parquet": _BINARY}},
            501: {"model": Problem, "description": "The extra for Parquet is not installed"},
        },
    )
    def export(wanted: Wanted, format: Literal["csv", "parquet"] = "csv") -> StreamingResponse:  # noqa: A002
        """Give all inspections that match, the oldest first; regions are JSON, timings in milliseconds."""
        if format == "parquet":
            require_parquet()
        asked = {name: _plain(value) for name, value in vars(wanted).items() if value is not None}
        station.store.audit.add("export", "inspections", new={"format": format, **asked})
        write = csv_pages if format == "csv" else parquet_pages
        return StreamingResponse(
            write(station.store.walk(wanted), station.journal),
            media_type=_TYPES[format],
            headers={"content-disposition": f'attachment; filename="inspections.{format}"'},
        )

    return routes


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
