"""What the service answers, as types for OpenAPI and as dictionaries ready for JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from flawflow.judge.calibration import Calibration, Verdict
from flawflow.station.calibration_shapes import CalibrationOut, calibration_json
from flawflow.station.models import Model
from flawflow.station.proof_shapes import ProofOut, proof_json
from flawflow.station.record import InspectionRow
from flawflow.station.record.filters import Label
from flawflow.station.versions import Version


class Problem(BaseModel):
    """What every refusal says: one sentence."""

    detail: str


class RegionOut(BaseModel):
    """Where a picture is wrong."""

    box: tuple[int, int, int, int] = Field(description="left, top, right, bottom; the last two exclusive")
    area: int
    peak: float
    centroid: tuple[float, float] = Field(description="x, y")


class Links(BaseModel):
    """Where an inspection's pictures are; null where they are not kept."""

    picture: str | None
    map: str | None
    overlay: str | None


class InspectionOut(BaseModel):
    """One recorded inspection."""

    id: int
    time: datetime
    model: str
    model_sha256: str
    name: str
    source: str
    score: float = Field(description="higher is more anomalous")
    p_value: float = Field(description="share of good pictures that score at least as high")
    verdict: Verdict
    regions: list[RegionOut]
    size: tuple[int, int] = Field(description="height, width")
    timings: dict[str, float] = Field(description="milliseconds of read, prepare, infer and judge")
    picture_sha256: str
    label: Label | None
    has_picture: bool
    has_map: bool
    has_mask: bool
    links: Links
    overlay: str | None = Field(
        None, description="PNG as a data: URI, where it was asked for and is not too large for one answer"
    )


class FailureOut(BaseModel):
    """A picture that could not be inspected."""

    name: str
    error: str


class InspectedOut(BaseModel):
    """The answer to an inspection, in the order of the pictures."""

    inspections: list[InspectionOut | FailureOut]


class HistoryOut(BaseModel):
    """A page of the history, the newest first."""

    inspections: list[InspectionOut]
    next: int | None = Field(description="give it as `before` for the next page; null at the end")
    counts: dict[Verdict, int]


class VersionOut(BaseModel):
    """A version of a model."""

    version: int
    sha256: str
    created: datetime
    active: bool


class ModelOut(BaseModel):
    """A model of the station."""

    name: str
    version: int
    sha256: str
    detector: str
    encoder: str
    size: tuple[int, int]
    created: datetime
    loaded: datetime
    problem: str | None = Field(description="why a newer file was not taken")
    calibration: CalibrationOut
    heat_scale: tuple[float, float]
    proof: ProofOut
    versions: list[VersionOut]


class Scored(BaseModel):
    """A score and its verdict."""

    score: float
    verdict: Verdict


class HistogramOut(BaseModel):
    """Scores of good pictures and of recent inspections."""

    good: list[float]
    attainable: list[float] = Field(description="where a threshold can be put")
    recent: list[Scored]
    ng_threshold: float
    review_threshold: float


class Ready(BaseModel):
    """Whether the station can inspect."""

    ready: Literal[True]


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class PaletteOut(BaseModel):
    """The colours of a heat map."""

    colours: list[list[int]] = Field(description="RGBA of the levels 0 to 255 of a map")


class About(BaseModel):
    """What runs here."""

    version: str
    torch: bool = Field(description="whether models can be trained here")
    login: bool = Field(description="whether a token is asked for")
    station: str


def inspection_json(row: InspectionRow) -> dict[str, Any]:
    """An `InspectionOut` as it is sent."""
    place = f"/api/inspections/{row.id}"
    return {
        "id": row.id,
        "time": row.time.isoformat(),
        "model": row.model,
        "model_sha256": row.model_sha256,
        "name": row.name,
        "source": row.source,
        "score": row.score,
        "p_value": row.p_value,
        "verdict": row.verdict,
        "regions": row.regions,
        "size": [row.height, row.width],
        "timings": row.timings,
        "picture_sha256": row.picture_sha256,
        "label": row.label,
        "has_picture": row.has_picture,
        "has_map": row.has_map,
        "has_mask": row.has_mask,
        "links": {
            "picture": f"{place}/picture" if row.has_picture else None,
            "map": f"{place}/map" if row.has_map else None,
            "overlay": f"{place}/overlay" if row.has_picture and row.has_map else None,
        },
        "overlay": None,
    }


def model_json(
    model: Model, versions: Sequence[Version], calibration: Calibration | None = None
) -> dict[str, Any]:
    """A `ModelOut` as it is sent, with another calibration where one is given."""
    return {
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "detector": model.card.detector,
        "encoder": model.card.encoder.name,
        "size": list(model.card.size),
        "created": model.card.created,
        "loaded": model.loaded.isoformat(),
        "problem": model.problem,
        "calibration": calibration_json(calibration or model.calibration),
        "heat_scale": list(model.card.heat_scale),
        "proof": proof_json(model.inspector.proof),
        "versions": [{**vars(version), "active": version.version == model.version} for version in versions],
    }
