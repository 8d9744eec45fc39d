"""How pictures get into a draft: sent, or taken from a folder, a video, a camera or a source."""

import secrets
import shutil
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from flawflow.errors import FlawflowError
from flawflow.images.decode import is_known
from flawflow.server.api.shared import TOO_LARGE, upload_form
from flawflow.server.errors import NotFoundError, ValueRefusedError
from flawflow.server.learning.draft import Intake
from flawflow.server.learning.drafts import Drafts
from flawflow.server.learning.intakes import Intakes
from flawflow.server.learning.schemas import AddedOut, DraftOut, IntakeIn
from flawflow.server.learning.shapes import Shapes
from flawflow.server.schemas import Problem
from flawflow.server.sources.frames import require_reader
from flawflow.server.sources.kept import read_sources
from flawflow.server.sources.source import checked_address
from flawflow.server.station import Station
from flawflow.storage.files import whole_file
from flawflow.video.names import is_video_name

Name = Annotated[str, InPath(min_length=1, max_length=100)]

_MAX_FORM_FIELDS = 4
_MAX_FIELD_BYTES = 1000
_MAX_INTERVAL_SECONDS = 3600.0

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "The draft is being learned from, or pictures come already"},
    501: {"model": Problem, "description": "PyAV is not installed here"},
}
_BODY = {"requestBody": {"required": True, "content": upload_form(interval="number")}}


def add_taking(routes: APIRouter, station: Station, drafts: Drafts, intakes: Intakes, shapes: Shapes) -> None:
    """Add the routes."""
    settings, audit = station.settings, station.store.audit

    @routes.post(
        "/{name}/pictures",
        response_model=AddedOut,
        responses={
            **TOO_LARGE,
            **_CONFLICT,
            415: {"model": Problem, "description": "Not multipart"},
        },
        openapi_extra=_BODY,
    )
    async def send(request: Request, name: Name) -> dict[str, Any]:
        """Add good pictures, sent as multipart/form-data, or one video, a picture each `interval`."""
        drafts.get(name)
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise HTTPException(415, "send pictures as multipart/form-data")
        async with request.form(
            max_files=settings.max_files, max_fields=_MAX_FORM_FIELDS, max_part_size=_MAX_FIELD_BYTES
        ) as form:
            files, interval = _read(form)
            video = await _video(files)
            if video is not None:
                await to_thread.run_sync(
                    _take_video, drafts, intakes, name, (video, interval), settings.max_draft_pictures
                )
                audit.add("draft.intake", f"draft/{name}", new={"video": video.filename})
                return {"added": 0, "known": 0, "failures": [], "draft": shapes.draft(name)}
            pictures = [(file.filename or "picture", await file.read()) for file in files]

        def keep() -> dict[str, Any]:
            done = drafts.add(name, pictures)
            if done.added:
                audit.add("draft.pictures", f"draft/{name}", new={"pictures": done.added})
            failures = [{"name": shown, "error": why} for shown, why in done.failures]
            return {
                "added": done.added,
                "known": done.known,
                "failures": failures,
                "draft": shapes.draft(name),
            }

        return await to_thread.run_sync(keep)

    @routes.post("/{name}/intake", response_model=DraftOut, responses=_CONFLICT)
    def begin(name: Name, body: IntakeIn) -> dict[str, Any]:
        """Take pictures from a folder, a video, a camera, a stream, or what a source of the station reads."""
        drafts.get(name)
        kind, address = body.kind, body.address
        if kind == "source":
            kind, address = _source(settings.data / "sources", body.source)
        elif not address:
            raise ValueRefusedError("address: name a folder, a video, a camera or a stream")
        address = checked_address(kind, address, settings)
        if kind == "stream":
            require_reader(address)
        intake = Intake(kind=kind, address=address, interval=body.interval, most=body.most)
        intakes.begin(name, intake)
        shape = shapes.draft(name)
        audit.add("draft.intake", f"draft/{name}", new={"from": shape["intake"]["address"]})
        return shape

    @routes.delete("/{name}/intake", response_model=DraftOut)
    def stop(name: Name) -> dict[str, Any]:
        """Take no more; what has come stays."""
        drafts.get(name)
        intakes.stop(name)
        return shapes.draft(name)


def _read(form: FormData) -> tuple[list[UploadFile], float]:
    files = [value for value in form.getlist("files") if isinstance(value, UploadFile)]
    if not files or len(files) != len(form.getlist("files")):
        raise ValueRefusedError("files: send one or more pictures, or one video, under this name")
    text = form.get("interval", "1")
    try:
        interval = float(text) if isinstance(text, str) else 0.0
    except ValueError:
        interval = 0.0
    if not 0.0 < interval <= _MAX_INTERVAL_SECONDS:
        raise ValueRefusedError("interval: seconds between two pictures of a video, 3,600 at most")
    return files, interval


async def _video(files: list[UploadFile]) -> UploadFile | None:
    """The video among files; None where there is none."""
    videos = []
    for file in files:
        start = await file.read(16)
        await file.seek(0)
        if is_video_name(Path(file.filename or "")) and not is_known(start):
            videos.append(file)
    if videos and len(files) > 1:
        raise ValueRefusedError("files: send a video alone")
    return videos[0] if videos else None


def _take_video(
    drafts: Drafts, intakes: Intakes, name: str, given: tuple[UploadFile, float], most: int
) -> None:
    video, interval = given
    require_reader(video.filename or "")
    suffix = Path(video.filename or "").suffix.lower()
    path = drafts.folder(name).path / f"video-{secrets.token_hex(8)}{suffix}"
    with whole_file(path) as scratch, scratch.open("wb") as target:
        stream: BinaryIO = video.file
        shutil.copyfileobj(stream, target)
    try:
        intakes.begin(name, Intake(kind="upload", address=path.name, interval=interval, most=most))
    except FlawflowError:
        path.unlink(missing_ok=True)
        raise


def _source(folder: Path, number: int | None) -> tuple[Any, str]:
    for source in read_sources(folder):
        if source.id == number:
            return source.kind, source.address
    raise NotFoundError(f"there is no source {number}")
