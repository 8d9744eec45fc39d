"""How much and how often: bodies are counted while they arrive, requests before they are served."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flawflow.station.meters import Meters
from flawflow.station.settings import Settings

# What surrounds the files of a multipart request.
_AROUND_FILES = 1 << 20
_OTHER_BODIES = 1 << 20
_MASK_BYTES = 16 << 20
_SECONDS_BETWEEN_CHUNKS = 30.0
_MOST_UPLOADS = 64
_TOO_MANY_UPLOADS = "too many uploads arrive at once: send this again in a moment"
_MOST_CLIENTS = 10_000


class BodyLimit:
    """Ends a request whose body is too large or too slow, and bounds what all together hold at a time.

    A length that is announced is believed only where it is too large; all bytes are counted as they come.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, meters: Meters) -> None:
        self._app, self._settings, self._meters = app, settings, meters
        self._arriving = self._bytes = 0
        # Twice what may wait: as much again may be on its way to the queue.
        self._most_bytes = 2 * (settings.max_waiting_bytes + _AROUND_FILES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with a bounded body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        most = self._most(scope["path"])
        announced = Request(scope).headers.get("content-length", "0")
        if not (announced.isascii() and announced.isdigit()) or int(announced[:19]) > most:
            await self._refuse(413, "size", f"the request has more than {most:,} bytes")(scope, receive, send)
            return
        if self._arriving >= _MOST_UPLOADS:
            await self._refuse(503, "uploads", _TOO_MANY_UPLOADS)(scope, receive, send)
            return
        self._arriving += 1
        try:
            await self._serve(scope, receive, send, most)
        finally:
            self._arriving -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        count, ended, answered = 0, False, False

        async def counted() -> Message:
            nonlocal count, ended
            if ended:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), _SECONDS_BETWEEN_CHUNKS)
            except TimeoutError:
                raise _BodyError(408, "slow", "the request's body did not arrive in time") from None
            size = len(message.get("body", b""))
            count += size
            self._bytes += size
            if self._bytes > self._most_bytes:
                raise _BodyError(503, "uploads", _TOO_MANY_UPLOADS)
            if count > most:
                raise _BodyError(413, "size", f"the request has more than {most:,} bytes")
            ended = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _BodyError as error:
            if answered:
                raise
            await self._refuse(*error.args)(scope, receive, send)
        finally:
            self._bytes -= count

    def _most(self, path: str) -> int:
        if path == "/api/inspect":
            return self._settings.max_waiting_bytes + _AROUND_FILES
        return _MASK_BYTES if path.endswith("/mask") else _OTHER_BODIES

    def _refuse(self, status: int, reason: str, sentence: str) -> JSONResponse:
        self._meters.refused.labels(reason).inc()
        headers = {"retry-after": "1"} if status == 503 else None
        # What is left of the body is not read: the connection cannot serve another request.
        return JSONResponse({"detail": sentence}, status, {"connection": "close", **(headers or {})})


class _BodyError(Exception):
    """Carries the arguments of a refusal out of the application's reading."""


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
        if len(self._state) > _MOST_CLIENTS:
            self._state.popitem(last=False)
        return wait


class RateLimit:
    """Answers 429 to a client address that asks too often."""

    def __init__(self, app: ASGIApp, *, settings: Settings, meters: Meters) -> None:
        self._app, self._meters = app, meters
        self._requests = Bucket(settings.rate, burst=2 * settings.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wait = self._requests.take((scope.get("client") or ("",))[0])
        if wait:
            self._meters.refused.labels("rate").inc()
            response = JSONResponse(
                {"detail": "too many requests: slow down"}, 429, {"retry-after": str(math.ceil(wait))}
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)
