"""How often: requests are counted before they are served."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flawflow.server.metrics import Metrics
from flawflow.server.settings import Settings

_MAX_CLIENTS = 10_000


class Bucket:
    """Tokens that fill up evenly, one for each client; a request takes one."""

    def __init__(self, rate: float, *, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Make full buckets.

        Args:
            rate: Tokens a second.
            burst: Tokens of a full bucket.
            clock: Gives seconds.
        """
        self._rate, self._burst, self._clock = rate, burst, clock
        self._state: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a token.

        Returns:
            0, or the seconds until there is one.
        """
        now = self._clock()
        level, then = self._state.pop(client, (self._burst, now))
        level = min(self._burst, level + (now - then) * self._rate)
        wait = 0.0 if level >= 1 else (1 - level) / self._rate
        self._state[client] = (level - 1 if level >= 1 else level, now)
        if len(self._state) > _MAX_CLIENTS:
            self._state.popitem(last=False)
        return wait


class RateLimit:
    """Answers 429 to a client address that asks too often."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._requests = Bucket(settings.rate, burst=2 * settings.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wait = self._requests.take((scope.get("client") or ("",))[0])
        if wait:
            self._metrics.refused.labels("rate").inc()
            response = JSONResponse(
                {"detail": "too many requests: slow down"}, 429, {"retry-after": str(math.ceil(wait))}
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)
