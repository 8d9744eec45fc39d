"""The page and its files, and what programs may ask for."""

from html import escape
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.staticfiles import StaticFiles

from flawflow.server.errors import NotFoundError
from flawflow.server.station import Station

_DOCUMENTATION = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flawflow station: HTTP</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/tokens.css">
<link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/parts.css">
<main class="stack">
<h1>flawflow station</h1>
<p>For programs: <a href="/openapi.json">openapi.json</a>. For people: <a href="/">the page</a>.</p>
<div class="card"><table class="small">
<thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">What it does</th></tr></thead>
<tbody>{rows}</tbody>
</table></div>
</main>
</html>
"""

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
        return HTMLResponse(_documentation(request.app))

    routes.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return routes


def _documentation(app: FastAPI) -> str:
    rows = [
        f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation.get('description') or operation.get('summary', ''))}</td></tr>"
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
    return _DOCUMENTATION.format(rows="".join(rows))
