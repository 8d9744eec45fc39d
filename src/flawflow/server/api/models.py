"""Models: what they are, how they judge, and how scores spread."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from flawflow.server.api.shared import ModelName
from flawflow.server.models import Model
from flawflow.server.rates import Moved, rated
from flawflow.server.schemas import HistogramOut, ModelOut, model_json
from flawflow.server.station import Station

_RECENT_SCORES = 500

Rate = Annotated[float, Field(gt=0, lt=1)]
Score = Annotated[float, Field(ge=-1e30, le=1e30)]


class Rates(BaseModel):
    """By what a model shall judge: rates, or thresholds that are turned into the rates they stand for."""

    false_reject_rate: Rate | None = None
    review_rate: Rate | None = None
    ng_threshold: Score | None = None
    review_threshold: Score | None = None
    moved: Moved | None = Field(None, description="which one pushes the other along where they cross")
    dry: bool = Field(False, description="only say what would follow")


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/models")
    registry = station.registry

    def shape(model: Model) -> dict[str, Any]:
        return model_json(model, registry.versions(model.name))

    @routes.get("", response_model=list[ModelOut])
    def all_models() -> list[dict[str, Any]]:
        """Give all models."""
        return [shape(model) for model in registry.all()]

    @routes.get("/{name}", response_model=ModelOut)
    def one(name: ModelName) -> dict[str, Any]:
        """Give a model."""
        return shape(registry.get(name))

    @routes.get("/{name}/card")
    def card(name: ModelName) -> dict[str, Any]:
        """Give what the model file says about itself."""
        return registry.get(name).card.to_dict()

    @routes.get("/{name}/histogram", response_model=HistogramOut)
    def histogram(name: ModelName) -> dict[str, Any]:
        """Give the scores of good pictures and of recent inspections."""
        calibration = registry.get(name).calibration
        recent = station.store.recent_scores(name, limit=_RECENT_SCORES)
        return {
            "good": calibration.all_scores,
            "attainable": calibration.attainable(),
            "recent": [{"score": score, "verdict": verdict} for score, verdict in recent],
            "ng_threshold": calibration.threshold().score,
            "review_threshold": calibration.review_threshold().score,
        }

    @routes.post("/{name}/rates", response_model=ModelOut)
    def rates(name: ModelName, body: Rates) -> dict[str, Any]:
        """Judge by other rates from now on."""
        wanted = body.model_dump(exclude={"dry"})
        if not body.dry:
            return shape(registry.set_rates(name, **wanted))
        model = registry.get(name)
        return model_json(model, registry.versions(name), rated(model.calibration, **wanted))

    return routes
