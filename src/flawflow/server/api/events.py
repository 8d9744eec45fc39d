"""GET /api/events: what happens, told as it happens."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from flawflow.server.api.shared import BUSY
from flawflow.server.security.gate import SESSION
from flawflow.server.station import Station

# Often enough that nothing between takes the silence for an end.
_HEARTBEAT_SECONDS = 15.0


def router(station: Station) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get(
        "/api/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}, **BUSY},
    )
    async def events(request: Request) -> StreamingResponse:
        """Listen to server-sent events: inspections, jobs and models; they end with the login."""
        secret: str | None = request.scope.get(SESSION)
        # Asked before the answer begins, so that "too many" has its own status.
        station.events.check_room()

        def may_listen() -> bool:
            return secret is None or station.sessions.has(secret)

        lines = _lines(station.events.subscribe(), may_listen)
        return StreamingResponse(lines, media_type="text/event-stream")

    return routes


async def _lines(
    subscription: AsyncIterator[dict[str, Any]], may_listen: Callable[[], bool]
) -> AsyncIterator[str]:
    # Subscribed before anything is sent: who has heard that the stream is open misses nothing from then on.
    coming = asyncio.ensure_future(anext(subscription))
    yield "retry: 2000\n\n"
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=_HEARTBEAT_SECONDS)
            if not may_listen():
                return
            if not done:
                yield ": still here\n\n"
                continue
            yield f"data: {json.dumps(coming.result())}\n\n"
            coming = asyncio.ensure_future(anext(subscription))
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()
