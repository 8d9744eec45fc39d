"""Data sets, trainings, comparison, switching and going back."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query
from fastapi.responses import JSONResponse

from flawflow.errors import TrainingError
from flawflow.inspection.inspector import Inspector
from flawflow.recipe import PRESET_SUMMARIES
from flawflow.server.api.shared import Id, ModelName
from flawflow.server.db.audit import AuditLog
from flawflow.server.errors import ConflictError
from flawflow.server.learning import routes as learning_routes
from flawflow.server.learning.drafts import Drafts
from flawflow.server.learning.intakes import Intakes
from flawflow.server.learning.learner import Learner
from flawflow.server.models import Model
from flawflow.server.retraining.adaptation import Adaptations, Offer
from flawflow.server.retraining.compare import at_rates_of, compare
from flawflow.server.retraining.dataset import DatasetVersion
from flawflow.server.retraining.datasets import Datasets
from flawflow.server.retraining.jobs import Jobs
from flawflow.server.retraining.schemas import (
    MAX_VERSION,
    ComparisonOut,
    DatasetIn,
    DatasetOut,
    JobIn,
    JobOut,
    NotHere,
    OfferOut,
    PresetOut,
    SwitchIn,
)  # fmt: skip
from flawflow.server.retraining.successors import Successors
from flawflow.server.schemas import ModelOut, Problem, model_json
from flawflow.server.station import Station
from flawflow.training.requirements import require_training

_NOTHING: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Not possible now"}}


def router(station: Station) -> APIRouter:
    """The routes."""
    drafts, trained_on = Drafts(station.settings), dict(station.settings.trained_on)
    datasets = Datasets(
        station.settings.data / "datasets",
        store=station.store,
        image_store=station.image_store,
        originals=lambda model: trained_on.get(model) or drafts.learned_from(model),
    )
    successors = Successors(station.registry, datasets)
    learner, intakes = Learner(station, drafts), Intakes(station, drafts)
    jobs = Jobs(
        station.settings.data / "jobs",
        finish={"retrain": successors.finish, "learn": learner.finish},
        publish=station.events.publish,
    )
    learning = learning_routes.router(station, drafts, learner, jobs, intakes)

    @contextlib.asynccontextmanager
    async def working(_app: FastAPI) -> AsyncIterator[None]:
        jobs.start()
        intakes.start()
        yield
        intakes.close()
        jobs.close()

    routes = APIRouter(prefix="/api", lifespan=working)
    _add_datasets(routes, station, datasets)
    _add_jobs(routes, jobs, successors, datasets, station.store.audit)
    _add_versions(routes, station, datasets)
    _add_adaptations(routes, Adaptations(station, jobs))
    routes.include_router(learning)
    return routes


def _add_datasets(routes: APIRouter, station: Station, datasets: Datasets) -> None:
    @routes.get("/datasets", response_model=list[DatasetOut])
    def all_datasets() -> list[dict[str, Any]]:
        """Give all versions of data sets, the oldest first."""
        return [_dataset_json(found) for found in datasets.all()]

    @routes.post("/datasets", response_model=DatasetOut, responses=_NOTHING)
    def make_dataset(body: DatasetIn) -> dict[str, Any]:
        """Make a new version of all pictures that were reviewed until now."""
        made = datasets.make(station.registry.get(body.model).name)
        station.store.audit.add("dataset.add", f"dataset/{made.version}", new={"model": made.model})
        return _dataset_json(made)


def _add_jobs(
    routes: APIRouter, jobs: Jobs, successors: Successors, datasets: Datasets, audit: AuditLog
) -> None:
    @routes.get("/presets", response_model=list[PresetOut])
    def presets() -> list[dict[str, str]]:
        """Give the presets that a training may begin from."""
        return [{"name": name, "summary": summary} for name, summary in PRESET_SUMMARIES.items()]

    @routes.get("/jobs", response_model=list[JobOut])
    def all_jobs() -> list[dict[str, Any]]:
        """Give all jobs, the newest first."""
        return [job.to_json() for job in jobs.all()]

    @routes.post(
        "/jobs",
        response_model=JobOut,
        responses={**_NOTHING, 501: {"model": NotHere, "description": "Torch is not installed here"}},
    )
    def start(body: JobIn) -> Any:
        """Train a successor of a model."""
        try:
            require_training()
        except TrainingError as error:
            output = datasets.get(body.dataset).path / f"{body.model}.flaw"
            plan = successors.plan(body.model, body.dataset, body.preset, body.settings, output=output)
            where = f"{error}; or run this where it is: {plan.command()}"
            return JSONResponse({"detail": where, "command": plan.command()}, 501)
        asked = body.model, body.dataset, body.preset, body.settings
        job = jobs.begin(
            "retrain",
            body.model,
            body.dataset,
            lambda output: successors.plan_here(*asked, output=output),
        )
        audit.add("job.start", f"job/{job.id}", new=body.model_dump())
        return job.to_json()

    @routes.get("/jobs/{number}", response_model=JobOut)
    def one_job(number: Id) -> dict[str, Any]:
        """Give a job."""
        return jobs.get(number).to_json()

    @routes.delete("/jobs/{number}", response_model=JobOut)
    def cancel(number: Id) -> dict[str, Any]:
        """Stop a job; one that has ended stays as it is."""
        before, job = jobs.get(number).state, jobs.cancel(number)
        if job.state != before:
            audit.add("job.cancel", f"job/{number}", old=before, new=job.state)
        return job.to_json()


def _add_versions(routes: APIRouter, station: Station, datasets: Datasets) -> None:
    registry = station.registry

    def shape(model: Model) -> dict[str, Any]:
        return model_json(model, registry.versions(model.name))

    @routes.get("/models/{name}/compare", response_model=ComparisonOut, responses=_NOTHING)
    def compared(name: ModelName, version: Annotated[int, Query(ge=0, le=MAX_VERSION)]) -> dict[str, Any]:
        """Compare the model that inspects now (old) with one of its versions (new) on the newest data set."""
        path = registry.version_path(name, version)
        data = datasets.newest(name)
        if data is None:
            raise ConflictError(f"there is no data set of {name} to compare with: make one")
        old = registry.get(name).inspector
        return compare(data, old, at_rates_of(old, Inspector.load(path, threads=1)))

    @routes.post("/models/{name}/switch", response_model=ModelOut)
    def switch(name: ModelName, body: SwitchIn) -> dict[str, Any]:
        """Inspect with another version from now on."""
        return shape(registry.switch(name, body.version))

    @routes.post("/models/{name}/rollback", response_model=ModelOut, responses=_NOTHING)
    def rollback(name: ModelName) -> dict[str, Any]:
        """Go back to the version before the last switch."""
        return shape(registry.rollback(name))


def _add_adaptations(routes: APIRouter, adaptations: Adaptations) -> None:
    @routes.get("/models/{name}/adaptation", response_model=OfferOut | None)
    def offer(name: ModelName) -> Offer | None:
        """Say what a model could be adapted to another light with; null where no change is certain."""
        return adaptations.offer(name)

    @routes.post("/models/{name}/adaptation", response_model=JobOut, responses=_NOTHING)
    def adapt(name: ModelName) -> dict[str, Any]:
        """Adapt a model to the light since the change, by pictures that people called good."""
        return adaptations.start(name).to_json()


def _dataset_json(found: DatasetVersion) -> dict[str, Any]:
    return {
        "version": found.version,
        "model": found.model,
        "created": found.created,
        "good": found.count("train/good", "test/good"),
        "bad": found.count("test/bad"),
        "train": found.count("train/good"),
        "test": len(found.tested()),
        "path": str(found.path.absolute()),
    }
