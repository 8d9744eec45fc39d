"""/v2: health, models and inference by the Open Inference Protocol."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from flawflow import __version__
from flawflow.errors import FlawflowError
from flawflow.inspection.inspection import Inspection
from flawflow.server.api.shared import ModelName
from flawflow.server.errors import NotFoundError, first_problem, retry_header, status_of
from flawflow.server.inspection_service import Failed, Given
from flawflow.server.models import Model
from flawflow.server.open_inference.messages import HEADER_LENGTH, read_request, write_answer
from flawflow.server.open_inference.tensors import INPUT, OUTPUTS, check_outputs, encoded, pictures_of
from flawflow.server.station import Station

_FOUND = "/models/{name}"
_VERSION = "/models/{name}/versions/{version}"

Version = Annotated[str, Path(max_length=20)]
JsonBytes = Annotated[str | None, Header(alias=HEADER_LENGTH, max_length=20)]


class OipProblem(BaseModel):
    """What every refusal of this protocol says: one sentence."""

    error: str


class Live(BaseModel):
    """Whether the process lives."""

    live: bool


class ReadyNow(BaseModel):
    """Whether the server, or a model, is ready."""

    ready: bool


class ServerAbout(BaseModel):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class TensorAbout(BaseModel):
    """What a tensor is; -1 is any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelAbout(BaseModel):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorAbout]
    outputs: list[TensorAbout]


_ARRAY = {"type": "array", "items": {"type": "object"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["inputs"], "properties": {"inputs": _ARRAY}}
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": OipProblem, "description": text}
    for status, text in (
        (400, "The request cannot be read"),
        (404, "No such model or version"),
        (413, "Too many bytes or pictures"),
        (415, "No picture"),
        (422, "A value that is not allowed"),
        (503, "Not now; Retry-After says when to try again"),
    )
}


class _Route(APIRoute):
    """A route whose refusals are the protocol's."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Give the handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return JSONResponse({"error": first_problem(error.errors())}, 422)
            except HTTPException as error:
                return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
            except FlawflowError as error:
                return JSONResponse({"error": str(error)}, status_of(error), retry_header(error))

        return handled


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v2", route_class=_Route, responses=_PROBLEMS)

    def model_of(name: str, version: str | None = None) -> Model:
        model = station.registry.get(name)
        if version not in (None, str(model.version)):
            raise NotFoundError(f"{name} judges by version {model.version}: ask for that, or for none")
        return model

    @routes.get("")
    async def about() -> ServerAbout:
        """Give the server's name and version."""
        return ServerAbout(name="flawflow", version=__version__, extensions=["binary_tensor_data"])

    @routes.get("/health/live")
    async def live() -> Live:
        """Say that the process lives; needs no token."""
        return Live(live=True)

    @routes.get("/health/ready")
    def ready() -> ReadyNow:
        """Say that pictures can be inspected and recorded."""
        station.check()
        return ReadyNow(ready=True)

    @routes.get(_FOUND)
    @routes.get(_VERSION)
    async def model(name: ModelName, version: Version | None = None) -> ModelAbout:
        """Give what a model takes and gives."""
        return _about(model_of(name, version))

    @routes.get(f"{_FOUND}/ready")
    @routes.get(f"{_VERSION}/ready")
    def model_ready(name: ModelName, version: Version | None = None) -> ReadyNow:
        """Say that a model can be asked."""
        model_of(name, version)
        station.check()
        return ReadyNow(ready=True)

    @routes.post(f"{_FOUND}/infer", response_model=None, openapi_extra=_BODY)
    @routes.post(f"{_VERSION}/infer", response_model=None, openapi_extra=_BODY)
    async def infer(
        request: Request, name: ModelName, version: Version | None = None, json_bytes: JsonBytes = None
    ) -> Response:
        """Inspect the pictures of a tensor; they are recorded when the answer comes."""
        station.inspection_service.check_room(1, 0)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise HTTPException(415, "send the body without compression")
        asker = model_of(name, version)
        asked, binary = await to_thread.run_sync(read_request, await request.body(), json_bytes)
        check_outputs(asked)
        read = functools.partial(pictures_of, asked, binary, most=station.settings.max_files)
        found = await _inspected(station, asker, asked.id, await to_thread.run_sync(read))
        told = {"model_name": name, "model_version": str(asker.version), "id": asked.id}
        body, length = await to_thread.run_sync(lambda: write_answer(told, encoded(asked, found)))
        if length is None:
            return Response(body, media_type="application/json")
        return Response(body, media_type="application/octet-stream", headers={HEADER_LENGTH: str(length)})

    return routes


async def _inspected(station: Station, model: Model, name: str, files: list[bytes]) -> list[Inspection]:
    found: dict[int, Inspection] = {}
    take = [functools.partial(found.__setitem__, place) for place in range(len(files))]
    given = [
        Given(f"{name or 'tensor'}-{place + 1}", content, on_inspected=take[place])
        for place, content in enumerate(files)
    ]
    futures = station.inspection_service.submit(model, given, source="upload")
    for outcome in await asyncio.gather(*map(asyncio.wrap_future, futures)):
        if isinstance(outcome, Failed):
            raise HTTPException(outcome.status, f"{outcome.name}: {outcome.error}")
    return [found[place] for place in sorted(found)]


def _about(model: Model) -> ModelAbout:
    sizes = {"anomaly_map": list(model.card.size)}
    return ModelAbout(
        name=model.name,
        versions=[str(model.version)],
        platform="flawflow_onnx",
        inputs=[TensorAbout(name=INPUT, datatype="UINT8", shape=[-1, -1, -1, 3])],
        outputs=[
            TensorAbout(name=name, datatype=kind, shape=[-1, *sizes.get(name, [])])
            for name, kind in OUTPUTS.items()
        ],
    )
