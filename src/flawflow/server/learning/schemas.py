"""What the routes of learning take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from flawflow.server.calibration_schemas import CalibrationOut
from flawflow.server.retraining.schemas import JobOut, Preset, Setting

DraftName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PictureId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class DraftIn(BaseModel):
    """A new product."""

    name: DraftName = Field(description="what the model will be called")


class IntakeIn(BaseModel):
    """Where pictures shall come from by themselves."""

    kind: Literal["folder", "stream", "source"]
    address: Annotated[str, StringConstraints(max_length=4096)] = Field(
        "", description="as of a source: below an allowed folder, /dev/video0, or of an allowed host"
    )
    source: int | None = Field(None, ge=1, le=2**31 - 1, description="the number of a source of the station")
    interval: float = Field(1.0, ge=0.05, le=3600, description="seconds between two pictures of a stream")
    most: int = Field(1000, ge=1, le=1_000_000, description="how many pictures to keep")


class IntakeOut(BaseModel):
    """How pictures come in."""

    kind: Literal["folder", "stream", "upload"]
    address: str = Field(description="without a password; empty for a video that was sent")
    interval: float
    most: int
    kept: int
    known: int = Field(description="how many were there already")
    failed: int
    error: str | None
    running: bool


class PlacedIn(BaseModel):
    """Pictures that are to be left out, or to be taken in again."""

    ids: list[PictureId] = Field(min_length=1, max_length=10_000)
    left_out: bool


class LearnIn(BaseModel):
    """How to learn."""

    preset: Preset = "balanced"
    settings: list[Setting] = Field(
        default=[], max_length=100, description="further changes, as of `flawflow train --set`"
    )


class SizeOut(BaseModel):
    """A size of pictures, and how many have it."""

    height: int
    width: int
    count: int


class LearnedOut(BaseModel):
    """What was learned last."""

    current: bool = Field(description="whether pictures and region are still those that it was learned from")
    served: bool = Field(description="whether the station inspects with it, at these rates")
    count: int | None = Field(description="pictures that could be read; null where the report was lost")
    suspects: int
    copies: int = Field(description="pictures that were left out as copies of others, or nearly so")
    failures: list[str]
    notes: list[str]


class DraftOut(BaseModel):
    """A product whose model is yet to be learned, or to be learned again."""

    name: str
    created: datetime
    preset: str
    settings: list[str]
    count: int = Field(description="pictures to learn from")
    left_out: int
    bytes: int
    copies: int = Field(description="pictures to learn from that are another one in another file")
    sizes: list[SizeOut] = Field(description="of the pictures to learn from, the most frequent first")
    content: str = Field(description="differs where the pictures to learn from or the region do")
    has_roi: bool
    intake: IntakeOut | None
    job: JobOut | None = Field(description="the last learning")
    learned: LearnedOut | None
    served: bool = Field(description="whether the station has a model of this name")
    command: str = Field(description="learns the same in another place; empty where a setting does not fit")
    put: str = Field(description="where a model file from another place is to be put")


class SuspectOut(BaseModel):
    """Why a picture may be defective."""

    score: float
    limit: float = Field(description="what 1 good picture in 100 exceeds")
    place: tuple[int, int] = Field(description="(x, y) of the most unusual place, in pixels")


class PictureOut(BaseModel):
    """A picture of a draft."""

    id: str
    name: str
    height: int
    width: int
    size: int = Field(description="bytes")
    left_out: bool
    copy_of: str | None = Field(description="the id of the picture that it is a copy of, or nearly so")
    suspect: SuspectOut | None = Field(description="of what was learned last")


class FailedOut(BaseModel):
    """A picture that was not kept."""

    name: str
    error: str


class AddedOut(BaseModel):
    """What became of pictures that were sent."""

    added: int
    known: int = Field(description="there already, byte for byte")
    failures: list[FailedOut]
    draft: DraftOut


class LearnedModelOut(BaseModel):
    """How a learned model judges, before it inspects."""

    name: str
    calibration: CalibrationOut
    good: list[float] = Field(description="scores of good pictures that were not learned from")
    attainable: list[float] = Field(description="where a threshold can be put")
