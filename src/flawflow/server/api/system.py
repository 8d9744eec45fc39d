"""Health, readiness, version, login and metrics."""

import importlib.util
import socket
from typing import Annotated

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, StringConstraints
from starlette.concurrency import run_in_threadpool

from flawflow import __version__
from flawflow.report.heatmap import palette
from flawflow.server.schemas import About, Health, PaletteOut, Problem, Ready
from flawflow.server.security.gate import COOKIE, client_of
from flawflow.server.security.sessions import SESSION_SECONDS
from flawflow.server.station import Station


class Login(BaseModel):
    """What the page sends to come in."""

    token: Annotated[str, StringConstraints(max_length=1000)]


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    about = About(
        version=__version__,
        torch=importlib.util.find_spec("torch") is not None,
        login=station.tokens is not None,
        station=socket.gethostname(),
    )

    colours = PaletteOut(colours=palette(1.0).tolist())

    @routes.get("/api/health")
    async def health() -> Health:
        """Say that the process lives; needs no token."""
        return Health(status="ok")

    @routes.get("/api/ready", responses={503: {"model": Problem, "description": "Not ready"}})
    def ready() -> Ready:
        """Say that pictures can be inspected and recorded."""
        station.check()
        return Ready(ready=True)

    @routes.get("/api/version")
    async def version() -> About:
        """Give flawflow's version, and whether models can be trained here."""
        return about

    @routes.get("/api/palette")
    async def heat_palette() -> PaletteOut:
        """Give the colours of heat maps, at full opacity."""
        return colours

    @routes.post("/api/login", status_code=204)
    async def login(body: Login, request: Request) -> Response:
        """Turn the token into a cookie, for the page; it is another one each time, and opens for a week."""
        response = Response(status_code=204)
        if station.tokens is None:
            return response
        await station.tokens.check(body.token, client_of(request))
        secret = await run_in_threadpool(station.sessions.begin)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @routes.post("/api/logout", status_code=204)
    async def logout(request: Request) -> Response:
        """Let the cookie open nothing any more."""
        await run_in_threadpool(station.sessions.end, request.cookies.get(COOKIE, ""))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    @routes.get("/metrics", response_class=Response, include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(station.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
