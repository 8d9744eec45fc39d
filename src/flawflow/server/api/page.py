"""The page and its files, and what programs may ask for."""

from importlib import resources
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.staticfiles import StaticFiles

from flawflow.server.api.documentation import documentation
from flawflow.server.errors import NotFoundError
from flawflow.server.station import Station

_STATIC = Path(str(resources.files("flawflow.server") / "static"))


def router(_station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def page() -> FileResponse:
        index = _STATIC / "index.html"
        if not index.is_file():
            raise NotFoundError("this station has no page: use /docs")
        return FileResponse(
            index, media_type="text/html; charset=utf-8", headers={"cache-control": "no-cache"}
        )

    @routes.get("/docs")
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(documentation(request.app.openapi()))

    routes.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return routes
