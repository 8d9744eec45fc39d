"""GET /api/events: what happens, told as it happens."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from flawflow.server.api.shared import BUSY, AfterId, LastEventId
from flawflow.server.db import Filters
from flawflow.server.schemas import inspection_event
from flawflow.server.security.gate import visitor_of
from flawflow.server.station import Station

# A page that hears nothing for three of them says so: a cable that was pulled out closes no connection.
_HEARTBEAT_SECONDS = 2.0

# More than a listener can have unread.
_MAX_FILLED = 1024


def router(station: Station) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get(
        "/api/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}, **BUSY},
    )
    async def events(
        request: Request, after: AfterId = None, last_event_id: LastEventId = None
    ) -> StreamingResponse:
        """Listen to server-sent events: what happens here; they end with the login.

        Inspections, jobs, models, sources and lines; a heartbeat comes first, and after two silent seconds.

        An inspection's event has its id. With Last-Event-ID, which browsers send by themselves, or `after`,
        those that were recorded since come first, and none is left out.
        """
        visitor = visitor_of(request)
        # Asked before the answer begins, so that "too many" has its own status.
        station.events.check_room()

        def may_listen() -> bool:
            return station.access.is_still(visitor)

        def missed(last: int) -> Iterator[list[dict[str, Any]]]:
            for rows in station.store.walk(Filters(after=last)):
                yield [inspection_event(row, station.journal) for row in rows]

        last = after if last_event_id is None else last_event_id

        def heartbeat() -> dict[str, Any]:
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            return {"type": "heartbeat", "heartbeat": {"time": time, "journal": station.journal}}

        lines = _lines(station.events.subscribe(), may_listen, Missed(missed, last), heartbeat)
        return StreamingResponse(lines, media_type="text/event-stream")

    return routes


class Missed:
    """Fills in the inspections that a listener has not heard of."""

    def __init__(self, pages: Callable[[int], Iterator[list[dict[str, Any]]]], last: int | None) -> None:
        """Send nothing yet.

        Args:
            pages: Gives the events of all inspections after an id, some at a time.
            last: The id after which none may be left out; None where only what happens from now on is wanted.
        """
        self._pages, self._last = pages, last
        # Those of the record that may still come as events, which would be a second time.
        self._filled: deque[int] = deque(maxlen=_MAX_FILLED)

    async def before(self, event: dict[str, Any] | None) -> AsyncIterator[dict[str, Any]]:
        """Give what must be sent up to and with an event; None for what was recorded until now."""
        number = None if event is None else _number(event)
        if self._last is None or (event is not None and number is None):
            if event is not None:
                yield event
            return
        if event is not None and number == self._last + 1:
            self._last = number
            yield event
            return
        # Some are between, or were lost by a listener that does not keep up.
        if number is None or number > self._last:
            pages = self._pages(self._last)
            while page := await to_thread.run_sync(next, pages, None):
                for each in page:
                    self._last = _number(each)
                    if self._last != number:
                        self._filled.append(_number(each) or 0)
                    yield each
        elif event is not None:
            if number in self._filled:
                self._filled.remove(number)
            else:
                # An earlier inspection, of which somebody has said something.
                yield event


async def _lines(
    subscription: AsyncIterator[dict[str, Any]],
    may_listen: Callable[[], bool],
    missed: Missed,
    heartbeat: Callable[[], dict[str, Any]],
) -> AsyncIterator[str]:
    # Subscribed before anything is sent: who has heard that the stream is open misses nothing from then on.
    coming = asyncio.ensure_future(anext(subscription))
    # The first heartbeat says whose events these are, before any that were missed.
    yield f"retry: 2000\n\n{_line(heartbeat())}"
    try:
        async for event in missed.before(None):
            yield _line(event)
        while True:
            done, _ = await asyncio.wait({coming}, timeout=_HEARTBEAT_SECONDS)
            if not may_listen():
                return
            if not done:
                yield _line(heartbeat())
                continue
            async for event in missed.before(coming.result()):
                yield _line(event)
            coming = asyncio.ensure_future(anext(subscription))
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()


def _number(event: dict[str, Any]) -> int | None:
    return event["inspection"]["id"] if event["type"] == "inspection" else None


def _line(event: dict[str, Any]) -> str:
    number = _number(event)
    head = "" if number is None else f"id: {number}\n"
    return f"{head}data: {json.dumps(event)}\n\n"
