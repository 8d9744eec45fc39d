"""The web application: routes, and what stands before them."""

import contextlib
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flawflow import __version__
from flawflow.errors import FlawflowError, one_line
from flawflow.server.api import (
    audit,
    events,
    explanation,
    export,
    inspect,
    inspections,
    models,
    page,
    people,
    review,
    shift,
    statistics,
    system,
)
from flawflow.server.db.reviewing import ChangedMeanwhileError
from flawflow.server.errors import first_problem, retry_header, status_of
from flawflow.server.handshake import routes as machine
from flawflow.server.head import HeadAsGet
from flawflow.server.metrics import Metrics
from flawflow.server.open_inference import routes as open_inference
from flawflow.server.retraining import routes as improve
from flawflow.server.schemas import Problem, inspection_json
from flawflow.server.security.bodies import BodyLimit
from flawflow.server.security.gate import Gate
from flawflow.server.security.headers import SafeHeaders
from flawflow.server.security.limits import RateLimit
from flawflow.server.settings import Settings
from flawflow.server.sources import routes as sources
from flawflow.server.station import RETRY_SECONDS, Station
from flawflow.server.versioned import Versioned

_QUIET_SECONDS = 10.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})

_log = logging.getLogger("flawflow.server")

_ROUTES = (
    system, inspect, inspections, explanation, review, export, models, events, shift, page, improve, sources,
    machine, people, audit, statistics, open_inference,
)  # fmt: skip

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in (
        (400, "The request cannot be read"),
        (401, "Nobody has signed in, and no token was given"),
        (403, "A host, origin, role or folder that is not allowed"),
        (404, "Not found"),
        (422, "A value that is not allowed"),
        (429, "Too many requests"),
        (503, "Not now; Retry-After says when to try again"),
    )
}


def create_app(settings: Settings) -> FastAPI:
    """Start a station and give its web application; the station closes with the application.

    Raises:
        FlawflowError: When the station cannot start.
    """
    station = Station.open(settings)

    @contextlib.asynccontextmanager
    async def closing(_app: FastAPI) -> AsyncIterator[None]:
        yield
        station.close()

    app = FastAPI(
        title="flawflow station",
        version=__version__,
        # The pages that FastAPI brings load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=closing,
        responses=_PROBLEMS,
        middleware=[
            # First, so that whoever guards a path has one spelling to guard.
            Middleware(Versioned),
            Middleware(Metered, metrics=station.metrics),
            Middleware(SafeHeaders),
            Middleware(Caught),
            Middleware(Gate, station=station),
            Middleware(RateLimit, settings=settings, metrics=station.metrics),
            Middleware(
                BodyLimit,
                settings=settings,
                metrics=station.metrics,
                wait_seconds=station.inspection_service.wait_seconds,
            ),
            Middleware(HeadAsGet),
        ],
    )
    app.state.station = station
    app.state.problem = "", 0.0
    try:
        for module in _ROUTES:
            app.include_router(module.router(station))
    except FlawflowError:
        station.close()
        raise
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(FlawflowError, _on_flawflow_error)
    for kind in (SQLAlchemyError, OSError):
        app.add_exception_handler(kind, _on_storage_error)
    return app


class Metered:
    """Measures every request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and count a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_metered(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                # Whoever sends methods of his own must not make as many counters.
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._metrics.requests.labels(method, message["status"]).observe(seconds)
            await send(message)

        await self._app(scope, receive, send_metered)


class Caught:
    """Answers what nobody foresaw; inside of the headers, which Starlette's own answer would lack."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        answered = False

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            # The traceback is for the station's own log; whoever asked learns nothing of its inside.
            if scope["type"] != "http" or answered:
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            detail = {"detail": "internal error; the station's log says why"}
            await JSONResponse(detail, 500)(scope, receive, send)


def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"detail": first_problem(error.errors())}, 422)


def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": str(error.detail)}, error.status_code, error.headers)


def _on_flawflow_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FlawflowError)
    answer: dict[str, Any] = {"detail": str(error)}
    if isinstance(error, ChangedMeanwhileError):
        # Whoever was slower sees at once what is there, and by whom.
        answer["current"] = inspection_json(error.row, request.app.state.station.journal)
    return JSONResponse(answer, status_of(error), retry_header(error))


def _on_storage_error(request: Request, error: Exception) -> JSONResponse:
    """Nothing can be recorded or read now; nothing was, so that the same request may come again."""
    sentence = request.app.state.station.problem(error)
    if sentence is None:
        raise error
    said, when = request.app.state.problem
    # Every client that comes again would write a line.
    if sentence != said or time.monotonic() - when > _QUIET_SECONDS:
        request.app.state.problem = sentence, time.monotonic()
        _log.error("%s (%s)", sentence, one_line(str(error)))
    return JSONResponse({"detail": sentence}, 503, {"retry-after": str(RETRY_SECONDS)})
