"""The one record of an inspection: what `inspect`, `watch`, HTTP, events and exports say about a picture.

`docs/record.schema.json` is made of these classes by `python docs/write_record_schema.py`.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flawflow.decision.calibration import Verdict
from flawflow.inspection.inspection import Failure, Inspection

RECORD_VERSION = 1
"""Changes when a reader of records must change: when a field goes or means something else.

A new field may come at any time.
"""

STAGES = ("read", "prepare", "infer", "judge")
"""The steps of an inspection that are timed."""


def _field(description: str) -> Any:
    return field(default=None, metadata={"description": description})


@dataclass(frozen=True)
class BoxRecord:
    """Pixels of the picture's own size."""

    left: int
    top: int
    right: int = field(metadata={"description": "exclusive"})
    bottom: int = field(metadata={"description": "exclusive"})


@dataclass(frozen=True)
class PointRecord:
    """A point of the picture in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class RegionRecord:
    """One connected region in which the anomaly map is above the model's pixel threshold."""

    box: BoxRecord
    area: int = field(metadata={"description": "pixels"})
    peak: float | None = field(metadata={"description": "the highest value of the anomaly map in the region"})
    centroid: PointRecord


@dataclass(frozen=True)
class TimingsRecord:
    """Wall time of each step in milliseconds."""

    read: float
    prepare: float
    infer: float
    judge: float


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is said about one picture, or one frame of a video.

    Every key is always there, and null where it says nothing.
    Text is readable by every reader of JSON: a byte of a file's name that is no UTF-8 becomes an escape.
    """

    record_version: int = field(
        default=RECORD_VERSION, metadata={"description": "of this form; it changes when readers must"}
    )
    journal: str | None = _field("of one inspection, watched folder or station; with `id` the record's key")
    id: int | None = _field("ascending within the journal; null where nothing was recorded")
    time: str | None = _field("when the verdict was given: ISO 8601, UTC")
    path: str | None = _field("the picture's file, or the name that it was sent with")
    sha256: str | None = _field("of the picture's file, in hex; null where it was not computed")
    source: str | None = _field("where the picture came from: path, upload, watch:FOLDER or stream:ADDRESS")
    model: str | None = _field("the model's name")
    model_sha256: str | None = _field("of the model file that was loaded, in hex")
    score: float | None = _field("the image score; higher is more anomalous")
    p_value: float | None = _field("share of good pictures that score at least as high, in (0, 1]")
    verdict: Verdict | None = field(
        default=None, metadata={"description": "NG or REVIEW above the model's thresholds, otherwise OK"}
    )
    regions: tuple[RegionRecord, ...] | None = _field("by falling peak; NG and REVIEW have one at least")
    width: int | None = _field("of the picture in pixels")
    height: int | None = _field("of the picture in pixels")
    timings_ms: TimingsRecord | None = field(default=None, metadata={"description": "what each step took"})
    overlay: str | None = _field(
        "the picture with its heat map: a path relative to the results, or a data: URI"
    )
    error: str | None = _field("why there is no verdict, in one sentence")
    duplicate_of: str | None = _field(
        "the path of an earlier picture with the same content, where that is known"
    )
    whole_image: bool | None = _field(
        "true where the picture as a whole, and no single place, makes it NG or REVIEW: something is missing "
        "or too much; null where the model cannot tell"
    )
    frame: int | None = _field("the number of a video's frame; null for a picture")
    seconds: float | None = _field("the frame's time since the first one")

    def __post_init__(self) -> None:
        for name in ("path", "source", "model", "overlay", "error", "duplicate_of"):
            text = getattr(self, name)
            if text is not None:
                object.__setattr__(self, name, readable(text))

    def to_dict(self) -> dict[str, Any]:
        """The record ready for JSON, every key in the order of the fields."""
        regions = None if self.regions is None else [_region_dict(region) for region in self.regions]
        timings = None if self.timings_ms is None else {**vars(self.timings_ms)}
        return {**vars(self), "regions": regions, "timings_ms": timings}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Record":
        """Make the record of what `to_dict` gave, here or in an earlier flawflow, which had fewer keys."""
        known = {name: values[name] for name in _NAMES & values.keys()}
        regions, timings = known.get("regions"), known.get("timings_ms")
        known["regions"] = None if regions is None else tuple(map(_region_of, regions))
        known["timings_ms"] = None if timings is None else TimingsRecord(**timings)
        return cls(**known)


_NAMES = frozenset(each.name for each in dataclasses.fields(Record))


def record_of(outcome: Inspection | Failure) -> Record:
    """Give the record of an inspection, or of the failure of one.

    It says what was found, or why nothing was; where the picture came from and who inspected it is added with
    `dataclasses.replace`.
    """
    path = None if outcome.path is None else str(outcome.path)
    if isinstance(outcome, Failure):
        return Record(path=path, error=outcome.error)
    timings = outcome.timings
    return Record(
        path=path,
        score=_finite(outcome.score),
        p_value=_finite(outcome.p_value),
        verdict=outcome.verdict,
        regions=tuple(
            RegionRecord(BoxRecord(*each.box), each.area, _finite(each.peak), PointRecord(*each.centroid))
            for each in outcome.regions
        ),
        width=outcome.size[1],
        height=outcome.size[0],
        whole_image=outcome.whole_image,
        timings_ms=TimingsRecord(*(round(1000 * getattr(timings, stage), 3) for stage in STAGES)),
    )


def readable(text: str | Path) -> str:
    """Give text that every JSON and CSV reader takes: a byte that is no UTF-8 becomes an escape."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _region_dict(region: RegionRecord) -> dict[str, Any]:
    return {**vars(region), "box": {**vars(region.box)}, "centroid": {**vars(region.centroid)}}


def _region_of(values: Mapping[str, Any]) -> RegionRecord:
    box, centroid = BoxRecord(**values["box"]), PointRecord(**values["centroid"])
    return RegionRecord(box, values["area"], values["peak"], centroid)


def _finite(value: float) -> float | None:
    # JSON knows neither NaN nor infinity.
    return value if math.isfinite(value) else None
