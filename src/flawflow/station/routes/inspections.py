"""The history, and the pictures of an inspection."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from flawflow.picture import read_picture
from flawflow.station.pictures import overlay_png, shown
from flawflow.station.routes.shared import BeforeId, Id, Wanted
from flawflow.station.shapes import HistoryOut, InspectionOut, inspection_json
from flawflow.station.station import Station

# The picture of an inspection never changes; it is asked for again so that the token is, too.
_UNCHANGING = {"cache-control": "private, no-cache", "content-disposition": "inline"}


def _pictures(*kinds: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}}


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/inspections")
    store = station.store
    max_pixels = station.settings.max_pixels

    @routes.get("", response_model=HistoryOut)
    def history(
        wanted: Wanted, before: BeforeId = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        """Give inspections, the newest first."""
        rows = store.find(wanted, before=before, limit=limit + 1)
        return {
            "inspections": [inspection_json(row) for row in rows[:limit]],
            "next": rows[limit - 1].id if len(rows) > limit else None,
            "counts": store.count(wanted),
        }

    @routes.get("/{number}", response_model=InspectionOut)
    def one(number: Id) -> dict[str, Any]:
        """Give one inspection."""
        return inspection_json(store.get(number))

    @routes.get("/{number}/picture", response_class=Response, responses=_pictures("image/png", "image/jpeg"))
    def picture(number: Id, side: Annotated[int | None, Query(ge=16, le=8192)] = None) -> Response:
        """Give the picture, encoded anew; `side` is the longest side that is wanted, in pixels."""
        encoded = shown(station.picture_path(store.get(number)), max_pixels=max_pixels, side=side)
        return Response(encoded.content, media_type=encoded.media_type, headers=_UNCHANGING)

    @routes.get("/{number}/map", response_class=Response, responses=_pictures("image/png"))
    def anomaly_map(number: Id) -> Response:
        """Give the anomaly map in grey; X-Heat-Scale says which values black and white are."""
        row = store.get(number)
        scale = {"x-heat-scale": f"{row.heat_low!r},{row.heat_high!r}"}
        return Response(store.get_map(number), media_type="image/png", headers=_UNCHANGING | scale)

    @routes.get("/{number}/overlay", response_class=Response, responses=_pictures("image/png"))
    def overlay(number: Id) -> Response:
        """Give the picture with its heat map and a box around each region."""
        row = store.get(number)
        pixels = read_picture(station.picture_path(row), max_pixels=max_pixels)
        png = overlay_png(pixels, store.get_map(number), (row.heat_low, row.heat_high), row.regions)
        return Response(png, media_type="image/png", headers=_UNCHANGING)

    return routes
