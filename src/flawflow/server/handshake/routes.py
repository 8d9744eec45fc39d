"""GET /api/machine: the lines as machines see them."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field

from flawflow.server.announcer import Announcer
from flawflow.server.handshake.machine import Machine
from flawflow.server.station import Station


class DoneOut(BaseModel):
    """The last job of a line that had a result, acknowledged or not."""

    job: int
    code: Literal["OK", "REVIEW", "NG", "FAILED"]
    problem: str | None = Field(description="why it failed")
    inspection: int | None = Field(description="the id of the record")
    time: datetime


class LineOut(BaseModel):
    """A line's handshake now."""

    name: str
    source: str = Field(description="without a password")
    label: str = Field(description="the `source` of its inspections")
    error: str | None = Field(description="why its source of images cannot be read now")
    enabled: bool = Field(description="whether the machine wants to trigger")
    phase: Literal["idle", "acquiring", "inspecting", "valid"]
    job: int = Field(description="in work, or the last one; 0 before the first")
    part: str = Field(description="what the machine calls the part")
    code: Literal["NONE", "OK", "REVIEW", "NG", "FAILED"]
    problem: str | None = Field(description="why the job failed")
    inspection: int | None = Field(description="the id of the record")
    missed: int = Field(description="triggers that came while the line was not ready")
    dropped: int = Field(description="jobs and results that were given up by a reset")
    seconds: float = Field(description="from the last trigger to its result")
    last: DoneOut | None


class MachineOut(BaseModel):
    """The lines of a station, and where machines reach them."""

    ports: dict[str, int] = Field(description="TCP ports by protocol")
    lines: list[LineOut]


def router(station: Station) -> APIRouter:
    """The route; the lines run until the application ends.

    Raises:
        FlawflowError: The lines cannot be opened.
    """
    machine = Machine.open(station)
    announcer = Announcer(station.events, "machine", machine.to_json)

    @contextlib.asynccontextmanager
    async def working(_app: FastAPI) -> AsyncIterator[None]:
        announcer.start()
        yield
        announcer.close()
        machine.close()

    routes = APIRouter(prefix="/api/machine", lifespan=working)

    @routes.get("", response_model=MachineOut)
    def all_lines() -> dict[str, Any]:
        """Give the lines as machines see them: phase, result, and what was missed."""
        return machine.to_json()

    return routes
