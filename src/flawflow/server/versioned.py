"""The service's stable address: `/api/v1/…`, under which nothing is renamed or taken away."""

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/api/v1/"


class Versioned:
    """Serves `/api/v1/…` as `/api/…`; what stands behind it knows one path of each operation."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            scope = {**scope, "path": "/api/" + scope["path"].removeprefix(PREFIX)}
        await self._app(scope, receive, send)
