"""Drafts: made, filled, looked at, learned from, and served."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from flawflow.errors import TrainingError
from flawflow.server.api.images import has_already, image, unchanged
from flawflow.server.api.models import Rates
from flawflow.server.calibration_schemas import calibration_json
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.learning.drafts import Drafts
from flawflow.server.learning.intakes import Intakes
from flawflow.server.learning.learner import Learner
from flawflow.server.learning.roi import roi_png
from flawflow.server.learning.schemas import (
    DraftIn,
    DraftOut,
    LearnedModelOut,
    LearnIn,
    PictureOut,
    PlacedIn,
)  # fmt: skip
from flawflow.server.learning.shapes import Shapes, first_good
from flawflow.server.learning.taking import add_taking
from flawflow.server.rates import rated, rates_of
from flawflow.server.retraining.jobs import Jobs
from flawflow.server.retraining.schemas import JobOut, NotHere
from flawflow.server.schemas import ModelOut, Problem, model_json
from flawflow.server.station import Station
from flawflow.training.requirements import require_training

Name = Annotated[str, Path(min_length=1, max_length=100)]
Picture = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]

_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Not possible now"}}
_IMAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
_PNG_BODY = {
    "requestBody": {
        "required": True,
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def router(station: Station, drafts: Drafts, learner: Learner, jobs: Jobs, intakes: Intakes) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/drafts")
    shapes = Shapes(station, drafts, learner, jobs)

    def busy(name: str) -> bool:
        job = jobs.newest("learn", name)
        return job is not None and job.state == "running"

    def changed(name: str) -> None:
        station.events.publish({"type": "draft", "draft": shapes.draft(name)})

    drafts.is_learning, drafts.changed = busy, changed
    _add_drafts(routes, station, drafts, shapes, jobs)
    add_taking(routes, station, drafts, intakes, shapes)
    _add_pictures(routes, station, drafts, learner, shapes)
    _add_roi(routes, station, drafts, shapes)
    _add_learning(routes, station, drafts, learner, jobs)
    _add_serving(routes, station, learner, shapes)
    return routes


def _add_drafts(routes: APIRouter, station: Station, drafts: Drafts, shapes: Shapes, jobs: Jobs) -> None:
    @routes.get("", response_model=list[DraftOut])
    def all_drafts() -> list[dict[str, Any]]:
        """Give all drafts, the oldest first."""
        return [shapes.draft(draft.name) for draft in drafts.all()]

    @routes.post("", response_model=DraftOut, responses=_CONFLICT)
    def create(body: DraftIn) -> dict[str, Any]:
        """Begin a new product."""
        if station.settings.replica:
            raise ConflictError("replicas keep no pictures: learn at a station alone")
        if station.registry.has(body.name):
            raise ConflictError(f"there is a model {body.name} already: choose another name, or improve it")
        drafts.create(body.name)
        station.store.audit.add("draft.add", f"draft/{body.name}")
        return shapes.draft(body.name)

    @routes.get("/{name}", response_model=DraftOut)
    def one(name: Name) -> dict[str, Any]:
        """Give a draft."""
        return shapes.draft(name)

    @routes.delete("/{name}", status_code=204, responses=_CONFLICT)
    def remove(name: Name) -> None:
        """Remove a draft and its pictures; a model that was made of it stays."""
        intake, count = drafts.get(name).intake, len(drafts.get(name).pictures)
        if intake is not None and intake.running:
            raise ConflictError("pictures still come: stop that first")
        drafts.remove(name)
        jobs.forget("learn", name)
        station.store.audit.add("draft.remove", f"draft/{name}", old={"pictures": count})
        station.events.publish({"type": "draft", "draft": {"name": name, "removed": True}})


def _add_pictures(
    routes: APIRouter, station: Station, drafts: Drafts, learner: Learner, shapes: Shapes
) -> None:
    @routes.get("/{name}/pictures", response_model=list[PictureOut])
    def pictures(name: Name) -> list[dict[str, Any]]:
        """Give all pictures, in the order in which they came."""
        return shapes.pictures(name)

    @routes.put("/{name}/pictures", response_model=DraftOut, responses=_CONFLICT)
    def place(name: Name, body: PlacedIn) -> dict[str, Any]:
        """Leave pictures out of what is learned from, or take them in again."""
        count = drafts.place(name, body.ids, left_out=body.left_out)
        if count:
            action = "draft.leave-out" if body.left_out else "draft.take-in"
            station.store.audit.add(action, f"draft/{name}", new={"pictures": count})
        return shapes.draft(name)

    @routes.get("/{name}/pictures/{picture}", response_class=Response, responses=_IMAGE)
    async def one(
        request: Request,
        name: Name,
        picture: Picture,
        side: Annotated[int | None, Query(ge=1, le=16384)] = None,
    ) -> Response:
        """Give a picture as a browser can show it."""
        found = drafts.picture(name, picture)
        copy = station.looking.name_of(picture, max(found.height, found.width), side)
        if has_already(request, copy):
            return unchanged(copy)
        path = drafts.folder(name).file(found)
        if not path.is_file():
            raise NotFoundError("this picture is no longer kept")
        return image(await station.looking.file(copy, path), copy)

    @routes.get("/{name}/suspects/{picture}", response_class=FileResponse, responses=_IMAGE)
    def suspect(name: Name, picture: Picture) -> FileResponse:
        """Give the drawing of a suspect: the picture, and where it is unlike the others."""
        path = learner.overlay(name, drafts.picture(name, picture).file)
        return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})


def _add_roi(routes: APIRouter, station: Station, drafts: Drafts, shapes: Shapes) -> None:
    @routes.get("/{name}/roi", response_class=FileResponse, responses=_IMAGE)
    def roi(name: Name) -> FileResponse:
        """Give the region of interest: white where pictures count."""
        drafts.get(name)
        path = drafts.folder(name).roi
        if not path.is_file():
            raise NotFoundError(f"{name} has no region of interest: everything counts")
        return FileResponse(path, media_type="image/png", headers={"cache-control": "private, no-cache"})

    @routes.put(
        "/{name}/roi",
        response_model=DraftOut,
        responses={**_CONFLICT, 413: {"model": Problem, "description": "Too many bytes"}},
        openapi_extra=_PNG_BODY,
    )
    async def draw(request: Request, name: Name) -> dict[str, Any]:
        """Set the region of interest: a PNG of the pictures' proportions, black where nothing counts."""
        first = first_good(drafts.get(name), drafts.folder(name))
        if first is None:
            raise ConflictError(f"{name} has no picture yet to draw a region over")
        content = await request.body()

        def keep() -> dict[str, Any]:
            drafts.set_roi(name, roi_png(content, picture=(first.height, first.width)))
            station.store.audit.add("draft.roi", f"draft/{name}", new={"roi": True})
            return shapes.draft(name)

        return await to_thread.run_sync(keep)

    @routes.delete("/{name}/roi", response_model=DraftOut, responses=_CONFLICT)
    def erase(name: Name) -> dict[str, Any]:
        """Remove the region of interest: everything counts."""
        drafts.set_roi(name, None)
        station.store.audit.add("draft.roi", f"draft/{name}", new={"roi": False})
        return shapes.draft(name)


def _add_learning(routes: APIRouter, station: Station, drafts: Drafts, learner: Learner, jobs: Jobs) -> None:
    @routes.post(
        "/{name}/learn",
        response_model=JobOut,
        responses={**_CONFLICT, 501: {"model": NotHere, "description": "Torch is not installed here"}},
    )
    def learn(name: Name, body: LearnIn) -> Any:
        """Learn, or resume what was stopped; `DELETE /api/jobs/ID` stops it, and keeps what was learned."""
        with drafts.lock:
            learner.check(drafts.get(name))
            draft = drafts.change(name, preset=body.preset, settings=tuple(body.settings))
            try:
                require_training()
            except TrainingError as error:
                command = learner.plan(draft, station.registry.own_path(name)).command()
                where = f"{error}; or run this where it is: {command}"
                return JSONResponse({"detail": where, "command": command}, 501)
            job = jobs.begin("learn", name, None, lambda output: learner.plan(draft, output))
        station.store.audit.add("job.start", f"job/{job.id}", new={"draft": name, **body.model_dump()})
        return job.to_json()


def _add_serving(routes: APIRouter, station: Station, learner: Learner, shapes: Shapes) -> None:
    @routes.get("/{name}/model", response_model=LearnedModelOut)
    def model(name: Name) -> dict[str, Any]:
        """Give how the learned model judges: the scores of good pictures that it did not learn from."""
        return shapes.model(name)

    @routes.post("/{name}/rates", response_model=LearnedModelOut)
    def rates(name: Name, body: Rates) -> dict[str, Any]:
        """Let the learned model judge by other rates."""
        wanted, before = body.model_dump(exclude={"dry"}), learner.calibration(name)
        if body.dry:
            found = rated(before, **wanted)
            return {**shapes.model(name), "calibration": calibration_json(found)}
        found = learner.set_rates(name, **wanted)
        station.store.audit.add("draft.rates", f"draft/{name}", old=rates_of(before), new=rates_of(found))
        return shapes.model(name)

    @routes.post("/{name}/serve", response_model=ModelOut, responses=_CONFLICT)
    def serve(name: Name) -> dict[str, Any]:
        """Inspect with the learned model from now on."""
        found = learner.serve(name)
        station.store.audit.add(
            "draft.serve", f"model/{name}", new={"version": found.version, "sha256": found.sha256}
        )
        return model_json(found, station.registry.versions(name))
