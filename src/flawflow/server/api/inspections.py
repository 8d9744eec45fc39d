"""The history, and the pictures of an inspection."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from flawflow.server.api.images import has_already, image, tagged, unchanged
from flawflow.server.api.shared import BeforeId, Id, Wanted
from flawflow.server.db import InspectionRow
from flawflow.server.schemas import HistoryOut, InspectionOut, inspection_json
from flawflow.server.station import Station


def _pictures(*kinds: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}}


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/inspections")
    store = station.store

    @routes.get("", response_model=HistoryOut)
    def history(
        wanted: Wanted, before: BeforeId = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        """Give inspections, the newest first."""
        rows = store.find(wanted, before=before, limit=limit + 1)
        return {
            "inspections": [inspection_json(row, station.journal) for row in rows[:limit]],
            "next": rows[limit - 1].id if len(rows) > limit else None,
            "counts": store.count(wanted),
        }

    @routes.get("/{number}", response_model=InspectionOut)
    def one(number: Id) -> dict[str, Any]:
        """Give one inspection."""
        return inspection_json(store.get(number), station.journal)

    @routes.get("/{number}/picture", response_class=Response, responses=_pictures("image/png", "image/jpeg"))
    async def picture(
        number: Id, request: Request, side: Annotated[int | None, Query(ge=16, le=8192)] = None
    ) -> Response:
        """Give the picture, re-encoded.

        `side` is the longest side that is wanted, in pixels; copies have 160, 640 or 2048, and the first that
        is enough is given.
        """
        row, path = await run_in_threadpool(kept, number)
        tag = station.looking.name(row, side)
        if has_already(request, tag):
            return unchanged(tag)
        return await run_in_threadpool(image, await station.looking.picture(row, path, side), tag)

    @routes.get("/{number}/map", response_class=Response, responses=_pictures("image/png"))
    def anomaly_map(number: Id, request: Request) -> Response:
        """Give the anomaly map in grey; X-Heat-Scale says which values black and white are."""
        row = store.get(number)
        tag = f"{row.key}.map"
        if row.has_map and has_already(request, tag):
            return unchanged(tag)
        scale = {"x-heat-scale": f"{row.heat_low!r},{row.heat_high!r}"}
        return Response(store.get_map(number), media_type="image/png", headers=tagged(tag) | scale)

    @routes.get("/{number}/overlay", response_class=Response, responses=_pictures("image/png"))
    async def overlay(number: Id, request: Request) -> Response:
        """Give the picture with its heat map and a box around each region."""
        row, path = await run_in_threadpool(kept, number)
        tag = f"{row.key}.overlay"
        if has_already(request, tag):
            return unchanged(tag)
        drawn = await station.looking.overlay(row, path, lambda: store.get_map(number))
        return await run_in_threadpool(image, drawn, tag)

    def kept(number: int) -> tuple[InspectionRow, Path]:
        row = store.get(number)
        return row, station.picture_path(row)

    return routes
