"""How much: bodies are counted while they arrive."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flawflow.server.metrics import Metrics
from flawflow.server.security.pools import Pool, Pools
from flawflow.server.settings import Settings

# Slower than any network on which pictures are sent.
_MIN_BYTES_PER_SECOND = 16 << 10
# A body that is so far behind makes room for another where there is none.
_BEHIND_SECONDS = 2.0
_TOO_MANY = "too many uploads arrive at once: send this again in a moment"
_TOO_MANY_OF_ONE = "too many uploads of one client arrive at once: wait for the others to end"


class BodyLimit:
    """Ends a request whose body is too large or too slow, and bounds what all together hold at a time.

    A length that is announced is believed only where it is too large; all bytes are counted as they come.
    """

    def __init__(
        self, app: ASGIApp, *, settings: Settings, metrics: Metrics, wait_seconds: Callable[[], int]
    ) -> None:
        """Hold nothing yet.

        Args:
            app: What is served.
            settings: How much may arrive.
            metrics: Counts refusals.
            wait_seconds: Gives the whole seconds that the queue of pictures takes; their bytes count until
                they are answered.
        """
        self._app, self._metrics, self._wait_seconds = app, metrics, wait_seconds
        self._pools = Pools.of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with a bounded body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        pool = self._pools.of_path(scope["path"])
        body = _Body(pool, receive, client=(scope.get("client") or ("",))[0])
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            # Whoever reads the body may take its end for a fault of his own, and say so.
            if answered or body.error is None:
                answered = True
                await send(message)

        try:
            body.begin(announced=Request(scope).headers.get("content-length", "0"))
            await self._app(scope, body.receive, noted)
        except Exception:
            if answered or body.error is None:
                raise
        finally:
            body.leave()
        if body.error is not None and not answered:
            await self._refuse(body.error, pool)(scope, receive, send)

    def _refuse(self, error: "BodyError", pool: Pool) -> JSONResponse:
        self._metrics.refused.labels(error.reason).inc()
        # What is left of the body is not read: the connection cannot serve another request.
        headers = {"connection": "close"}
        if error.status in (429, 503):
            seconds = self._wait_seconds() if pool is self._pools.pictures else 1
            headers["retry-after"] = str(seconds)
        return JSONResponse({"detail": error.sentence}, error.status, headers)


class BodyError(Exception):
    """Carries a refusal out of the application's reading."""

    def __init__(self, status: int, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.reason, self.sentence = status, reason, sentence


class _Body:
    """A body on its way: holds a slot until its end has come, and its bytes until it is answered."""

    def __init__(self, pool: Pool, receive: Receive, *, client: str) -> None:
        self.client, self.due = client, 0.0
        self.error: BodyError | None = None
        self._pool, self._receive = pool, receive
        self._count = 0
        self._is_whole = False
        self._waiting: asyncio.Timeout | None = None
        self._clock = asyncio.get_running_loop().time

    def begin(self, *, announced: str) -> None:
        if not (announced.isascii() and announced.isdigit()) or int(announced[:19]) > self._pool.body_bytes:
            self._refuse_size()
        self.due = self._clock() + self._pool.patience
        if not self._pool.enter(self):
            self._refuse_more(others_may=not self._pool.is_full())

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        message = await self._in_time()
        self._take(len(message.get("body", b"")))
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_whole = True
            self._pool.leave(self)
        return message

    def leave(self) -> None:
        self._pool.leave(self)
        self._pool.count(self.client, -self._count)

    def is_behind(self) -> bool:
        return self.due - self._clock() < self._pool.patience - _BEHIND_SECONDS

    def end(self) -> None:
        self.due = self._clock()
        if self._waiting is not None:
            self._waiting.reschedule(self.due)

    async def _in_time(self) -> Message:
        try:
            async with asyncio.timeout_at(self.due) as self._waiting:
                return await self._receive()
        except TimeoutError:
            self._refuse(408, "slow", "the request's body did not arrive in time")
        finally:
            self._waiting = None

    def _take(self, size: int) -> None:
        if self._count + size > self._pool.body_bytes:
            self._refuse_size()
        if not self._pool.has_room(self.client, size):
            self._refuse_more(others_may=self._pool.has_room("", size))
        self._count += size
        self._pool.count(self.client, size)
        # Bytes gain time, but what came fast at first buys no standing still later.
        self.due = min(self._clock() + self._pool.patience, self.due + size / _MIN_BYTES_PER_SECOND)

    def _refuse_size(self) -> NoReturn:
        self._refuse(413, "size", f"the request has more than {self._pool.body_bytes:,} bytes")

    def _refuse_more(self, *, others_may: bool) -> NoReturn:
        status, sentence = (429, _TOO_MANY_OF_ONE) if others_may else (503, _TOO_MANY)
        self._refuse(status, "uploads", sentence)

    def _refuse(self, status: int, reason: str, sentence: str) -> NoReturn:
        self.error = BodyError(status, reason, sentence)
        raise self.error from None
