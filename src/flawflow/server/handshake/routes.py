"""GET /api/machine: the lines as machines see them."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field

from flawflow.server.handshake.machine import Machine
from flawflow.server.station import Station


class LineOut(BaseModel):
    """A line's handshake now."""

    name: str
    source: str = Field(description="without a password")
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

    @contextlib.asynccontextmanager
    async def working(_app: FastAPI) -> AsyncIterator[None]:
        yield
        machine.close()

    routes = APIRouter(prefix="/api/machine", lifespan=working)

    @routes.get("", response_model=MachineOut)
    def all_lines() -> dict[str, Any]:
        """Give the lines as machines see them: phase, result, and what was missed."""
        return machine.to_json()

    return routes
