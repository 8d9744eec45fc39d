"""Sources: list, add, remove."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field, StringConstraints

from flawflow.server.announcer import Announcer
from flawflow.server.api.shared import Id
from flawflow.server.schemas import Problem
from flawflow.server.sources.source import Kind
from flawflow.server.sources.sources import Sources
from flawflow.server.station import Station

_MAX_ADDRESS_CHARACTERS = 4096


class SourceIn(BaseModel):
    """Where pictures shall come from."""

    kind: Kind
    address: Annotated[str, StringConstraints(min_length=1, max_length=_MAX_ADDRESS_CHARACTERS)] = Field(
        description="a folder or video file below an allowed folder, /dev/video0, genicam:NAME, rtsp://… or http(s)://…"
    )
    model: Annotated[str, StringConstraints(max_length=200)] | None = None
    interval: float = Field(
        1.0, ge=0.05, le=86400, description="seconds between two looks, or two pictures of a stream"
    )


class SourceOut(BaseModel):
    """A source."""

    id: int
    kind: Kind
    address: str = Field(description="without a password")
    label: str = Field(description="the `source` of its inspections")
    model: str
    interval: float
    running: bool
    seen: int = Field(description="files that are done; pictures of a stream since the start")
    error: str | None
    since: datetime | None = Field(description="when the error began")
    latest: datetime | None = Field(description="when its last picture was inspected, since the start")


def router(station: Station) -> APIRouter:
    """The routes."""
    sources = Sources(station)
    announcer = Announcer(station.events, "sources", sources.all)

    @contextlib.asynccontextmanager
    async def working(_app: FastAPI) -> AsyncIterator[None]:
        sources.start()
        announcer.start()
        yield
        announcer.close()
        sources.close()

    routes = APIRouter(prefix="/api/sources", lifespan=working)

    @routes.get("", response_model=list[SourceOut])
    def all_sources() -> list[dict[str, Any]]:
        """Give all sources."""
        return sources.all()

    @routes.post(
        "",
        response_model=SourceOut,
        responses={
            409: {"model": Problem, "description": "There is one like it, or there are too many"},
            501: {"model": Problem, "description": "PyAV is not installed here"},
        },
    )
    def add(body: SourceIn) -> dict[str, Any]:
        """Add a source and start it."""
        added = sources.add(body.kind, body.address, body.model, body.interval)
        kept = {name: added[name] for name in ("kind", "address", "model", "interval")}
        station.store.audit.add("source.add", f"source/{added['id']}", new=kept)
        return added

    @routes.delete("/{number}", status_code=204)
    def remove(number: Id) -> None:
        """Stop a source and forget it; what it brought stays in the record."""
        station.store.audit.add("source.remove", f"source/{number}", old=sources.remove(number))

    return routes
