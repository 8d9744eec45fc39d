"""What the service answers, as types for OpenAPI and as dictionaries ready for JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.dataclasses import dataclass

from flawflow.decision.calibration import Calibration, Verdict
from flawflow.results.record import Record
from flawflow.server.calibration_schemas import CalibrationOut, calibration_json
from flawflow.server.canary_schemas import ProofOut, proof_json
from flawflow.server.db import InspectionRow
from flawflow.server.db.filters import Label
from flawflow.server.models import Model
from flawflow.server.rows import record_of_row
from flawflow.server.versions import Version


class Problem(BaseModel):
    """What every refusal says: one sentence."""

    detail: str


class Links(BaseModel):
    """Where an inspection's pictures are; null where they are not kept."""

    picture: str | None
    map: str | None
    overlay: str | None


@dataclass(frozen=True, kw_only=True)
class InspectionOut(Record):
    """The record of a picture, and what the station knows besides."""

    label: Label | None
    labelled: datetime | None = Field(description="when it was labelled")
    labelled_by: str | None = Field(description="who changed label or mask last")
    label_version: int = Field(description="counts the changes of label and mask; give it with the next one")
    has_picture: bool
    has_map: bool
    has_mask: bool
    links: Links
    name: str | None = Field(deprecated=True, description="until 0.3: path")
    picture_sha256: str | None = Field(deprecated=True, description="until 0.3: sha256")
    size: tuple[int, int] | None = Field(deprecated=True, description="until 0.3: [height, width]")
    timings: dict[str, float] | None = Field(deprecated=True, description="until 0.3: timings_ms")


class Overtaken(Problem):
    """Somebody else was faster."""

    current: InspectionOut | None = Field(None, description="the inspection as it is now")


class InspectedOut(BaseModel):
    """The answer to an inspection, in the order of the pictures."""

    inspections: list[InspectionOut]


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


class ScoredVerdict(BaseModel):
    """A score and its verdict."""

    score: float
    verdict: Verdict


class HistogramOut(BaseModel):
    """Scores of good pictures and of recent inspections."""

    good: list[float]
    attainable: list[float] = Field(description="where a threshold can be put")
    recent: list[ScoredVerdict]
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
    login: bool = Field(description="whether one has to sign in")
    station: str


def inspection_json(row: InspectionRow, journal: str) -> dict[str, Any]:
    """An `InspectionOut` as it is sent.

    Args:
        row: The inspection.
        journal: The station's identity.
    """
    place = f"/api/inspections/{row.id}"
    return _out(record_of_row(row, journal)) | {
        "label": row.label,
        "labelled": None if row.labelled is None else row.labelled.isoformat(),
        "labelled_by": row.labelled_by,
        "label_version": row.label_version,
        "has_picture": row.has_picture,
        "has_map": row.has_map,
        "has_mask": row.has_mask,
        "links": {
            "picture": f"{place}/picture" if row.has_picture else None,
            "map": f"{place}/map" if row.has_map else None,
            "overlay": f"{place}/overlay" if row.has_picture and row.has_map else None,
        },
    }


def inspection_event(row: InspectionRow, journal: str) -> dict[str, Any]:
    """The event of a recorded inspection; see `inspection_json`."""
    return {"type": "inspection", "inspection": inspection_json(row, journal)}


def failure_json(name: str, error: str) -> dict[str, Any]:
    """The `InspectionOut` of a picture that could not be inspected, of which nothing is recorded."""
    return _out(Record(path=name, error=error))


def _out(record: Record) -> dict[str, Any]:
    values = record.to_dict()
    size = None if record.height is None else [record.height, record.width]
    return values | {
        "label": None,
        "labelled": None,
        "labelled_by": None,
        "label_version": 0,
        "has_picture": False,
        "has_map": False,
        "has_mask": False,
        "links": {"picture": None, "map": None, "overlay": None},
        "name": record.path,
        "picture_sha256": record.sha256,
        "size": size,
        "timings": values["timings_ms"],
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
        "heat_scale": list(model.card.colormap_range),
        "proof": proof_json(model.inspector.proof),
        "versions": [{**vars(version), "active": version.version == model.version} for version in versions],
    }
