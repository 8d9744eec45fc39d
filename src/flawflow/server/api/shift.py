"""GET /api/shift: what this shift brought, by model and source."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from flawflow.decision.calibration import Verdict
from flawflow.server.db.feeds import feeds_since
from flawflow.server.schemas import InspectionOut, inspection_json
from flawflow.server.shift import shift_at, shift_starts
from flawflow.server.station import Station


class FeedOut(BaseModel):
    """What came from one source for one model."""

    model: str
    source: str
    counts: dict[Verdict, int]
    newest: InspectionOut
    times: list[datetime] = Field(description="of the last inspections, the newest first")


class ShiftOut(BaseModel):
    """The shift that is now."""

    begin: datetime
    end: datetime
    feeds: list[FeedOut]


def router(station: Station) -> APIRouter:
    """The route."""
    routes = APIRouter()
    starts = shift_starts(station.settings.shifts)

    @routes.get("/api/shift", response_model=ShiftOut)
    def shift() -> dict[str, Any]:
        """Give what this shift brought: counts and the newest inspection of each model and source."""
        begin, end = shift_at(datetime.now(UTC), starts)
        with station.store.reading() as session:
            feeds = feeds_since(session, begin)
        return {
            "begin": begin,
            "end": end,
            "feeds": [
                {
                    "model": feed.newest.model,
                    "source": feed.newest.source,
                    "counts": feed.counts,
                    "newest": inspection_json(feed.newest, station.journal),
                    "times": feed.times,
                }
                for feed in feeds
            ],
        }

    return routes
