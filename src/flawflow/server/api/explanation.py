"""What good looks like where an inspected picture is not."""

import functools
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from flawflow.inspection.explain import NO_MEMORY
from flawflow.report.explanation import panes
from flawflow.server.api.shared import Id
from flawflow.server.db import InspectionRow
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.station import Station


class PaneOut(BaseModel):
    """One of the pictures that are shown side by side."""

    source: str = Field(description="a data: URI, JPEG at the model's resolution")
    picture: str = Field(description="the training image that it is of; empty for the inspected picture")


class ExplainedOut(BaseModel):
    """A region, and what good looks like there."""

    box: tuple[int, int, int, int] = Field(description="of what is shown: left, top, right, bottom in pixels")
    distance: float = Field(
        description="from the nearest good patch; good ones of a place are about 1 from their mean"
    )
    here: PaneOut
    nearest: PaneOut
    likeliest: PaneOut | None = Field(description="by the flows; null where the detector has none")


class ExplanationOut(BaseModel):
    """The regions of an inspection, the highest first."""

    regions: list[ExplainedOut]


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/inspections")

    @routes.get("/{number}/explanation", response_model=ExplanationOut)
    async def explanation(number: Id) -> dict[str, Any]:
        """Show what good looks like around each region of a kept picture, by the model that inspected it.

        The model must be the one that is loaded, and keep good patches (`flawflow train --explain 300`).
        """
        row = await run_in_threadpool(station.store.get, number)
        drawn = await station.looking.large.run(functools.partial(_explained, station, row))
        return {"regions": drawn}

    return routes


def _explained(station: Station, row: InspectionRow) -> list[dict[str, Any]]:
    path = station.picture_path(row)
    model = station.registry.get(row.model)
    if model.sha256 != row.model_sha256:
        raise ConflictError("another version of the model inspected this picture: inspect it again")
    found = model.inspector.inspect(path, max_pixels=station.settings.max_pixels)
    if found.explainer is None:
        raise NotFoundError(NO_MEMORY)
    explained = []
    for each in found.explain():
        shown: list[dict[str, str] | None] = [
            {"source": pane.source, "picture": pane.picture} for pane in panes(each)
        ]
        here, nearest, likeliest = [*shown, None][:3]
        explained.append(
            {
                "box": each.box,
                "distance": each.distance,
                "here": here,
                "nearest": nearest,
                "likeliest": likeliest,
            }
        )
    return explained
