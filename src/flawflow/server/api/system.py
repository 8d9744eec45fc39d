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
from flawflow.server.actor import ACTOR, Actor
from flawflow.server.errors import ValueRefusedError
from flawflow.server.schemas import About, Health, PaletteOut, Problem, Ready
from flawflow.server.security.access import COOKIE, client_of
from flawflow.server.security.sessions import SESSION_SECONDS
from flawflow.server.station import Station

Text = Annotated[str, StringConstraints(max_length=1000)]


class Login(BaseModel):
    """What the page sends to come in: a name and a password, or the station's token."""

    name: Text | None = None
    password: Text | None = None
    token: Text | None = None


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    access = station.access
    torch, host = importlib.util.find_spec("torch") is not None, socket.gethostname()
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
        return About(version=__version__, torch=torch, login=bool(access.ways), station=host)

    @routes.get("/api/palette")
    async def heat_palette() -> PaletteOut:
        """Give the colours of heat maps, at full opacity."""
        return colours

    @routes.post("/api/login", status_code=204)
    async def login(body: Login, request: Request) -> Response:
        """Turn a name and its password, or the station's token, into a cookie for the page.

        It is another one each time, and opens for a week with the token, else for the hours that the station
        is started with.
        """
        response = Response(status_code=204)
        if not access.ways:
            return response
        client, seconds = client_of(request), float(SESSION_SECONDS)
        if body.name is not None and body.password is not None:
            secret = await access.sign_in(body.name, body.password, client)
            seconds = 3600 * station.settings.login_hours
        elif body.token is not None:
            await access.check_token(body.token, client)
            secret = await run_in_threadpool(station.sessions.begin)
        else:
            raise ValueRefusedError("give a name and a password, or the station's token")
        response.set_cookie(
            COOKIE,
            secret,
            max_age=round(seconds),
            httponly=True,
            samesite="strict",
            secure=access.proxy.is_encrypted(request),
        )
        return response

    @routes.post("/api/logout", status_code=204)
    async def logout(request: Request) -> Response:
        """Let the cookie open nothing any more."""
        secret = request.cookies.get(COOKIE, "")
        login = station.sessions.get(secret)
        await run_in_threadpool(station.sessions.end, secret)
        if login is not None and login.user:
            ACTOR.set(Actor(login.user, client_of(request)))
            await run_in_threadpool(station.store.audit.add, "sign-out", f"user/{login.user}")
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    @routes.get("/metrics", response_class=Response, include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(station.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
