"""What the statistics answer, as types for OpenAPI."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from flawflow.server.db.filters import Label
from flawflow.server.db.places import CELLS
from flawflow.server.statistics.places import cumulative
from flawflow.server.statistics.series import By, Counts
from flawflow.server.statistics.summary import Summary


class CountsOut(BaseModel):
    """How many were judged what."""

    name: str | None = Field(None, description="the model or source; null for all together")
    ok: int
    review: int
    ng: int


class PointOut(CountsOut):
    """A stretch of time."""

    start: datetime = Field(description="with the offset of the station's zone")
    lower: float = Field(description="lower limit of the share of NG")
    upper: float = Field(description="upper limit of the share of NG")
    beyond: bool = Field(description="whether the share of NG is beyond a limit")


class ReviewedOut(BaseModel):
    """How many of a verdict have a label."""

    verdict: str
    label: Label
    count: int


class AgreementOut(BaseModel):
    """How far people and model agree, where both have said OK or NG, good or bad."""

    share: float
    kappa: float | None = Field(description="Cohen's; null where one of them always says the same")
    count: int


class FalseRejectsOut(BaseModel):
    """Which share of good parts was judged NG, estimated from the labels."""

    rate: float
    low: float = Field(description="lower end of the 95 % interval")
    high: float = Field(description="upper end of the 95 % interval")
    good: int = Field(description="judged NG, and good by a person's word")
    reviewed: int = Field(description="judged NG and reviewed as good or bad")
    total: int = Field(description="judged NG")


class FindingOut(BaseModel):
    """One way in which the pictures have changed."""

    statistic: str
    words: str = Field(description="such as brighter")
    since: int = Field(description="number of the OK picture at which it was certain enough to say")
    before: float = Field(description="median of the calibration's pictures")
    now: float = Field(description="median of the latest OK pictures")


class DriftOut(BaseModel):
    """Whether camera or light have changed since the calibration."""

    since: datetime = Field(description="the station's start, or the last change of the model or its rates")
    findings: list[FindingOut]
    hint: str | None = Field(description="a sentence where most of the latest pictures are not OK in one way")
    compared: int = Field(description="OK pictures that were compared")
    reference: int = Field(description="the calibration's pictures; 0 where the model has none")
    false_alarm_rate: float = Field(description="of any finding ever, if nothing has changed")


class ShareOut(BaseModel):
    """A row of a Pareto chart."""

    name: str
    count: int
    share: float
    cumulative: float = Field(description="the share of all rows up to this")


class PlacesOut(BaseModel):
    """Where regions lie and how large they are, of a model's pictures judged NG or REVIEW."""

    model: str
    total: int = Field(description="regions")
    side: int = Field(description="cells along each side of a picture")
    cells: list[tuple[int, int]] = Field(
        description="(cell, regions whose centroid lies in it); a cell is its row times side, plus its column"
    )
    thirds: list[ShareOut] = Field(description="by ninths of the picture, the most first")
    sizes: list[ShareOut] = Field(
        description="by share of the picture: tiny below 0.1 %, small below 1 %, medium below 10 %, or large"
    )
    picture: str | None = Field(description="a good picture to show them on; null where none is kept")


class StatisticsOut(BaseModel):
    """The statistics of a span of time."""

    since: datetime
    until: datetime
    by: By
    points: list[PointOut] = Field(description="of the p-chart; stretches without an inspection are left out")
    centre: float = Field(description="the share of NG of all")
    counts: CountsOut
    models: list[CountsOut]
    sources: list[CountsOut]
    reviewed: list[ReviewedOut]
    agreement: AgreementOut | None
    false_rejects: FalseRejectsOut | None
    places: list[PlacesOut] = Field(description="by model, the most regions first")


def statistics_json(summary: Summary, good_picture: Callable[[str], str | None]) -> StatisticsOut:
    """Give a summary as it is sent.

    Args:
        summary: The statistics.
        good_picture: Gives the address of a good picture of a model.
    """
    points = [
        PointOut(
            **vars(point.counts), start=point.start, lower=point.lower, upper=point.upper, beyond=point.is_out
        )
        for point in summary.points
    ]
    reviewed = [
        {"verdict": verdict, "label": label, "count": count}
        for (verdict, label), count in sorted(summary.reviewed.items())
    ]
    values: dict[str, Any] = {
        "since": summary.span.since,
        "until": summary.span.until,
        "by": summary.by,
        "points": points,
        "centre": summary.centre,
        "counts": _counts(summary.counts),
        "models": [_counts(counts, name) for name, counts in summary.models.items()],
        "sources": [_counts(counts, name) for name, counts in summary.sources.items()],
        "reviewed": reviewed,
        "agreement": None if summary.agreement is None else vars(summary.agreement),
        "false_rejects": None if summary.false_rejects is None else vars(summary.false_rejects),
        "places": [
            {
                "model": each.model,
                "total": each.total,
                "side": CELLS,
                "cells": sorted(each.cells.items()),
                "thirds": _pareto(each.thirds),
                "sizes": _pareto(each.sizes),
                "picture": good_picture(each.model),
            }
            for each in summary.places
        ],
    }
    return StatisticsOut.model_validate(values)


def _counts(counts: Counts, name: str | None = None) -> CountsOut:
    return CountsOut(name=name, **vars(counts))


def _pareto(counts: Mapping[Any, int]) -> list[dict[str, Any]]:
    names = ("name", "count", "share", "cumulative")
    return [dict(zip(names, row, strict=True)) for row in cumulative(counts)]
