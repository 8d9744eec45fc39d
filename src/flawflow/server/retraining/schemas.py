"""What the routes of improving take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from flawflow.decision.calibration import Verdict
from flawflow.recipe import PRESETS
from flawflow.server.retraining.job import Kind, State
from flawflow.server.schemas import Problem

MAX_VERSION = 2**31 - 1


def _known(preset: str) -> str:
    if preset not in PRESETS:
        raise ValueError(f"choose one of {', '.join(PRESETS)}")
    return preset


Version = Annotated[int, Field(ge=0, le=MAX_VERSION)]
Name = Annotated[str, StringConstraints(max_length=200)]
Preset = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(PRESETS)})]
Setting = Annotated[str, StringConstraints(max_length=1000)]


class DatasetIn(BaseModel):
    """Whose reviewed pictures."""

    model: Name


class DatasetOut(BaseModel):
    """A version of a data set, which never changes."""

    version: int
    model: str
    created: datetime
    good: int = Field(description="good pictures, to learn from and to test with")
    bad: int = Field(description="bad pictures, to test with")
    train: int = Field(description="good pictures to learn from")
    test: int = Field(description="reviewed pictures that are never trained on")
    path: str


class PresetOut(BaseModel):
    """A ready choice between speed and accuracy."""

    name: str
    summary: str


class JobIn(BaseModel):
    """What to train."""

    kind: Literal["retrain"] = "retrain"
    model: Name
    dataset: Version
    preset: Preset = "balanced"
    settings: list[Setting] = Field(
        default=[], max_length=100, description="further changes, as of `flawflow train --set`"
    )


class TestMeasures(BaseModel):
    """What a model makes of the reviewed pictures."""

    image_auroc: float | None = Field(description="null where good or bad pictures are missing")
    false_rejects: int = Field(description="good pictures judged NG")
    missed: int = Field(description="bad pictures judged OK")


class Judged(BaseModel):
    """What a model makes of one picture."""

    score: float
    verdict: Verdict


class Compared(BaseModel):
    """One picture and what both models make of it."""

    id: int | None
    label: Literal["good", "bad"]
    old: Judged
    new: Judged


class ComparisonOut(BaseModel):
    """Two models on the reviewed pictures that neither was trained on."""

    count: int
    old: TestMeasures
    new: TestMeasures
    pictures: list[Compared]


class ResultOut(BaseModel):
    """What a training gave."""

    version: int
    comparison: ComparisonOut


class JobOut(BaseModel):
    """A job."""

    id: int
    kind: Kind
    model: str
    dataset: int | None = Field(description="null where the job takes none, as a product's draft")
    state: State
    progress: float
    stage: str
    error: str | None
    command: str | None = Field(
        description="does the same in another place, where the data set must be too; null for no training"
    )
    result: ResultOut | None


class NotHere(Problem):
    """Training needs packages that are not installed here."""

    command: str = Field(description="does it elsewhere")


class OfferOut(BaseModel):
    """What a model could be adapted to another light with."""

    since: datetime = Field(description="when the change became certain")
    good: int = Field(description="kept pictures since then that people called good, `most` at most")
    least: int = Field(description="good pictures that an adaptation takes")
    most: int = Field(description="good pictures that it takes at most: the newest")
    obstacle: str | None = Field(description="why this model cannot be adapted; null where it can")


class SwitchIn(BaseModel):
    """Which version shall inspect."""

    version: Version
