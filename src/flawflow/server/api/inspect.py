"""POST /api/inspect: pictures in, recorded inspections out."""

import asyncio
import base64
import functools
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from flawflow.images import read_image
from flawflow.server.api.shared import BUSY, TOO_LARGE, upload_form
from flawflow.server.db import InspectionRow
from flawflow.server.errors import TooLargeError, ValueRefusedError, first_problem
from flawflow.server.images import overlay_png
from flawflow.server.inspection_service import Failed, Given, Outcome
from flawflow.server.repeats import LONGEST_KEY, Repeats
from flawflow.server.schemas import InspectedOut, Problem, failure_json, inspection_json
from flawflow.server.security.paths import allowed_path
from flawflow.server.station import Station

_MAX_FORM_FIELDS = 8
_MAX_FIELD_BYTES = 1000
_TOO_MANY = "more than {} pictures in one request: send fewer"


class ByPath(BaseModel):
    """Pictures that the station reads itself, from its allowed folders."""

    paths: list[Annotated[str, StringConstraints(min_length=1, max_length=4096)]] = Field(
        min_length=1, max_length=1000
    )
    model: str | None = None
    overlay: bool = False


class Asked(BaseModel):
    """What an inspection was asked with, however it came."""

    model: str | None
    overlay: bool
    source: str
    pictures: list[Given]


Key = Annotated[
    str | None,
    Header(
        min_length=1, max_length=LONGEST_KEY, description="of this request, chosen by whoever sends it again"
    ),
]

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            **upload_form(model="string", overlay="boolean"),
            "application/json": {"schema": ByPath.model_json_schema()},
        },
    }
}


def router(station: Station) -> APIRouter:
    """The route."""
    routes = APIRouter()
    settings = station.settings
    repeats = Repeats(station.store, station.image_store, station.journal)

    async def inspected(asked: Asked) -> list[Outcome]:
        model = station.registry.get(asked.model)
        futures = station.inspection_service.submit(model, asked.pictures, source=asked.source)
        return await asyncio.gather(*map(asyncio.wrap_future, futures))

    async def inspected_once(asked: Asked, key: str) -> list[Outcome]:
        repeats.begin(key)
        futures: list[Future[Outcome]] = []
        try:
            model, pictures = station.registry.get(asked.model), repeats.keyed(key, asked.pictures)
            known = await to_thread.run_sync(repeats.recorded, pictures)
            new = [picture for picture in pictures if picture.key not in known]
            futures += station.inspection_service.submit(model, new, source=asked.source)
            outcomes = iter(await asyncio.gather(*map(asyncio.wrap_future, futures)))
            return [known.get(each.key or "") or next(outcomes) for each in pictures]
        finally:
            repeats.end(key, futures)

    @routes.post(
        "/api/inspect",
        response_model=InspectedOut,
        responses={
            **TOO_LARGE,
            **BUSY,
            409: {"model": Problem, "description": "A request with this Idempotency-Key is in work"},
            415: {"model": Problem, "description": "Neither multipart nor JSON, or no picture"},
        },
        openapi_extra=_BODY,
    )
    async def inspect(request: Request, idempotency_key: Key = None) -> JSONResponse:
        """Inspect pictures; they are recorded when the answer comes.

        Send files as multipart/form-data, or JSON with the paths of pictures in an allowed folder. Sent again
        with the same Idempotency-Key, they are not inspected again: the answer is what was recorded.
        """
        # Before the body is read: who has to come back has sent less in vain.
        station.inspection_service.check_room(1, 0)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            asked = await _from_form(request, settings.max_files)
        elif kind == "application/json":
            body = await request.body()
            # Looking at paths may wait for a disk.
            asked = await to_thread.run_sync(_from_json, body, station)
        else:
            raise HTTPException(415, "send pictures as multipart/form-data, or paths as application/json")
        if idempotency_key is None:
            outcomes = await inspected(asked)
        else:
            outcomes = await inspected_once(asked, idempotency_key)
        if len(outcomes) == 1 and isinstance(outcomes[0], Failed):
            raise HTTPException(outcomes[0].status, outcomes[0].error)
        drawn: Sequence[str | None] = [None] * len(outcomes)
        if asked.overlay:
            draw = functools.partial(_overlays, station, outcomes, asked.pictures)
            drawn = await station.looking.large.run(draw)
        told = [_outcome_json(*each, station.journal) for each in zip(outcomes, drawn, strict=True)]
        return JSONResponse({"inspections": told})

    return routes


def _outcome_json(outcome: Outcome, overlay: str | None, journal: str) -> dict[str, Any]:
    if isinstance(outcome, Failed):
        return failure_json(outcome.name, outcome.error)
    return {**inspection_json(outcome, journal), "overlay": overlay}


def _overlays(station: Station, outcomes: Sequence[Outcome], given: Sequence[Given]) -> list[str | None]:
    """The overlays as long as they are not too large for one answer; the others are had by their links."""
    left = station.settings.max_pixels
    drawn: list[str | None] = []
    for outcome, picture in zip(outcomes, given, strict=True):
        if isinstance(outcome, InspectionRow) and (left := left - outcome.height * outcome.width) >= 0:
            drawn.append(_overlay(station, outcome, picture))
        else:
            drawn.append(None)
    return drawn


def _overlay(station: Station, row: InspectionRow, given: Given) -> str:
    picture = read_image(given.content, max_pixels=station.settings.max_pixels)
    scale = row.heat_low, row.heat_high
    png = overlay_png(picture, station.store.get_map(row.id), scale, row.regions, whole_image=row.whole_image)
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


async def _from_form(request: Request, max_files: int) -> Asked:
    try:
        async with request.form(
            max_files=max_files, max_fields=_MAX_FORM_FIELDS, max_part_size=_MAX_FIELD_BYTES
        ) as form:
            return await _read_form(form)
    except HTTPException as error:
        if error.status_code == 400 and error.detail.startswith("Too many files"):
            raise TooLargeError(_TOO_MANY.format(max_files)) from None
        raise


async def _read_form(form: FormData) -> Asked:
    files = [value for value in form.getlist("files") if isinstance(value, UploadFile)]
    if not files or len(files) != len(form.getlist("files")):
        raise ValueRefusedError("files: send one or more pictures under this name")
    model, overlay = form.get("model"), form.get("overlay", "false")
    if isinstance(model, UploadFile) or overlay not in ("true", "false", "1", "0"):
        raise ValueRefusedError("model is a name, and overlay true or false")
    pictures = [Given(file.filename or "picture", await file.read()) for file in files]
    return Asked(model=model or None, overlay=overlay in ("true", "1"), source="upload", pictures=pictures)


def _from_json(body: bytes, station: Station) -> Asked:
    try:
        asked = ByPath.model_validate_json(body)
    except ValidationError as error:
        raise ValueRefusedError(first_problem(error.errors())) from None
    if len(asked.paths) > station.settings.max_files:
        raise TooLargeError(_TOO_MANY.format(station.settings.max_files))
    pictures = [Given(path, allowed_path(path, station.settings.allow)) for path in asked.paths]
    return Asked(model=asked.model, overlay=asked.overlay, source="path", pictures=pictures)
