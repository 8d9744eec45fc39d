"""What a person says of an inspection: labels and masks."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from flawflow.server.api.audit import EntryOut, entry_json
from flawflow.server.api.shared import TOO_LARGE, Id, LabelVersion
from flawflow.server.db import InspectionRow
from flawflow.server.db.audit import AuditFilters
from flawflow.server.db.filters import Label
from flawflow.server.errors import ConflictError
from flawflow.server.images import mask_png
from flawflow.server.schemas import InspectionOut, Overtaken, Problem, inspection_json
from flawflow.server.station import Station

_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}

_OVERTAKEN: dict[int | str, dict[str, Any]] = {
    409: {"model": Overtaken, "description": "Somebody else has changed it meanwhile"}
}
# Of one inspection; the audit log has all.
_MOST_CHANGES = 1000


class Labelled(BaseModel):
    """What a person says."""

    label: Label


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api")
    store, image_store = station.store, station.image_store

    def told(row: InspectionRow) -> dict[str, Any]:
        shape = inspection_json(row, station.journal)
        station.events.publish({"type": "inspection", "inspection": shape})
        return shape

    @routes.get("/review/queue", response_model=list[InspectionOut])
    def queue(
        model: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[dict[str, Any]]:
        """Give the inspections that wait for a person, the oldest first."""
        return [inspection_json(row, station.journal) for row in store.review_queue(model, limit=limit)]

    @routes.get("/review/nearest", response_model=list[InspectionOut])
    def nearest(
        model: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[dict[str, Any]]:
        """Give the newest inspections without a label whose scores are nearest to a threshold."""
        judge = station.registry.get(model)
        thresholds = judge.calibration.threshold().score, judge.calibration.review_threshold().score
        found = store.nearest(judge.name, judge.sha256, thresholds, limit=limit)
        return [inspection_json(row, station.journal) for row in found]

    @routes.put("/inspections/{number}/label", response_model=InspectionOut, responses=_OVERTAKEN)
    def label(number: Id, body: Labelled, version: LabelVersion = None) -> dict[str, Any]:
        """Say what the part is."""
        return told(store.set_label(number, body.label, version=version))

    @routes.delete("/inspections/{number}/label", response_model=InspectionOut, responses=_OVERTAKEN)
    def unlabel(number: Id, version: LabelVersion = None) -> dict[str, Any]:
        """Take the label back."""
        return told(store.set_label(number, None, version=version))

    @routes.get("/inspections/{number}/changes", response_model=list[EntryOut])
    def changes(number: Id) -> list[dict[str, Any]]:
        """Give who labelled an inspection and drew its mask, the oldest first."""
        store.get(number)
        found = store.audit.find(AuditFilters(subject=f"inspection/{number}"), limit=_MOST_CHANGES)
        return [entry_json(row) for row in reversed(found)]

    @routes.get("/inspections/{number}/mask", response_class=Response, responses={200: {"content": _PNG}})
    def mask(number: Id) -> FileResponse:
        """Give the mask: white where a person saw a defect."""
        return FileResponse(image_store.mask(store.get(number).key), media_type="image/png")

    @routes.put(
        "/inspections/{number}/mask",
        response_model=InspectionOut,
        responses={
            **TOO_LARGE,
            409: {"model": Overtaken, "description": "The picture is not kept, or somebody was faster"},
            415: {"model": Problem, "description": "Not image/png"},
        },
        openapi_extra={"requestBody": {"required": True, "content": _PNG}},
    )
    async def draw(number: Id, request: Request, version: LabelVersion = None) -> dict[str, Any]:
        """Keep a mask of the picture's size: any non-zero pixel is a defect."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "image/png":
            raise HTTPException(415, "send the mask as image/png")
        content = await request.body()
        return await run_in_threadpool(_keep, number, content, version)

    def _keep(number: int, content: bytes, version: int | None) -> dict[str, Any]:
        row = store.get(number)
        if not row.has_picture:
            raise ConflictError("the picture of this inspection is not kept: a mask would be of no use")
        png = mask_png(content, size=(row.height, row.width))

        def keep(key: str) -> None:
            image_store.keep_mask(key, png)

        return told(store.set_mask(number, has_mask=True, version=version, keep=keep))

    @routes.delete("/inspections/{number}/mask", response_model=InspectionOut, responses=_OVERTAKEN)
    def erase(number: Id, version: LabelVersion = None) -> dict[str, Any]:
        """Remove the mask."""
        row = store.set_mask(number, has_mask=False, version=version)
        image_store.drop_mask(row.key)
        return told(row)

    return routes
