"""How much: bodies are counted while they arrive."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flawflow.station.meters import Meters
from flawflow.station.safety.pools import Pool, Pools
from flawflow.station.settings import Settings

# Slower than any network on which pictures are sent.
_SLOWEST_BYTES_A_SECOND = 16 << 10
_TOO_MANY = "too many uploads arrive at once: send this again in a moment"
_TOO_MANY_OF_ONE = "too many uploads of one client arrive at once: wait for the others to end"


class BodyLimit:
    """Ends a request whose body is too large or too slow, and bounds what all together hold at a time.

    A length that is announced is believed only where it is too large; all bytes are counted as they come.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, meters: Meters) -> None:
        self._app, self._meters = app, meters
        self._pools = Pools.of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with a bounded body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        pool = self._pools.of_path(scope["path"])
        body = _Body(pool, receive, client=(scope.get("client") or ("",))[0])
        try:
            body.begin(announced=Request(scope).headers.get("content-length", "0"))
            await self._app(scope, body.receive, noted)
        except _BodyError as error:
            if answered:
                raise
            await self._refuse(error)(scope, receive, send)
        finally:
            body.leave()

    def _refuse(self, error: "_BodyError") -> JSONResponse:
        self._meters.refused.labels(error.reason).inc()
        headers = {"retry-after": "1"} if error.status in (429, 503) else None
        # What is left of the body is not read: the connection cannot serve another request.
        return JSONResponse(
            {"detail": error.sentence}, error.status, {"connection": "close", **(headers or {})}
        )


class _BodyError(Exception):
    """Carries a refusal out of the application's reading."""

    def __init__(self, status: int, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.reason, self.sentence = status, reason, sentence


class _Body:
    """A body on its way: holds a slot until its end has come, and its bytes until it is answered."""

    def __init__(self, pool: Pool, receive: Receive, *, client: str) -> None:
        self._pool, self._receive, self._client = pool, receive, client
        self._count = 0
        self._is_arriving = False
        self._due = 0.0

    def begin(self, *, announced: str) -> None:
        if not (announced.isascii() and announced.isdigit()) or int(announced[:19]) > self._pool.body_bytes:
            raise self._too_large()
        if not self._pool.has_slot(self._client):
            raise self._no_room(self._pool.has_slot(""))
        self._pool.count(self._client, bodies=1)
        self._is_arriving = True
        self._due = time.monotonic() + self._pool.patience

    async def receive(self) -> Message:
        if not self._is_arriving:
            return await self._receive()
        message = await self._in_time()
        self._take(len(message.get("body", b"")))
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._end()
        return message

    def leave(self) -> None:
        self._end()
        self._pool.count(self._client, size=-self._count)

    def _too_large(self) -> _BodyError:
        return _BodyError(413, "size", f"the request has more than {self._pool.body_bytes:,} bytes")

    async def _in_time(self) -> Message:
        try:
            return await asyncio.wait_for(self._receive(), self._due - time.monotonic())
        except TimeoutError:
            raise _BodyError(408, "slow", "the request's body did not arrive in time") from None

    def _take(self, size: int) -> None:
        if self._count + size > self._pool.body_bytes:
            raise self._too_large()
        if not self._pool.has_room(self._client, size):
            raise self._no_room(self._pool.has_room("", size))
        self._count += size
        self._pool.count(self._client, size=size)
        # Bytes gain time, but what came fast at first buys no standing still later.
        latest = time.monotonic() + self._pool.patience
        self._due = min(latest, self._due + size / _SLOWEST_BYTES_A_SECOND)

    def _no_room(self, others_have: bool) -> _BodyError:
        return (
            _BodyError(429, "uploads", _TOO_MANY_OF_ONE)
            if others_have
            else _BodyError(503, "uploads", _TOO_MANY)
        )

    def _end(self) -> None:
        if self._is_arriving:
            self._is_arriving = False
            self._pool.count(self._client, bodies=-1)
