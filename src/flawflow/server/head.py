"""HEAD: what GET would answer, without its body, at every address."""

import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Serves HEAD as GET and leaves the body out; what comes in parts is not made further than its first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            await send({"type": "http.response.body", "body": b""})
            if message.get("more_body", False):
                # An answer without end, as of events, would be made for ever.
                raise _EnoughError

        with contextlib.suppress(_EnoughError):
            await self._app({**scope, "method": "GET"}, receive, send_head)


class _EnoughError(Exception):
    """The head has been sent."""
