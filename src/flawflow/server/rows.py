"""Inspections into rows of the database, and back into records."""

import uuid
from datetime import UTC, datetime
from typing import Any, cast

from flawflow.decision.calibration import Verdict
from flawflow.inspection.inspection import Inspection
from flawflow.results.record import (
    STAGES,
    BoxRecord,
    PointRecord,
    Record,
    RegionRecord,
    TimingsRecord,
    record_of,
)
from flawflow.server.db import InspectionRow
from flawflow.server.db.tables import NAME_LENGTH
from flawflow.server.models import Model


def new_row(model: Model, inspection: Inspection, *, name: str, source: str, digest: str) -> InspectionRow:
    """Make the row of an inspection by a model, under a key of its own; `has_picture` is left to the caller.

    Args:
        model: Which inspected.
        inspection: What it found.
        name: The picture's, for people.
        source: Where it came from; see `InspectionService.inspect`.
        digest: SHA-256 of the picture's file, in hex.
    """
    record = record_of(inspection)
    low, high = model.card.colormap_range
    return InspectionRow(
        key=uuid.uuid4().hex,
        time=datetime.now(UTC),
        model=model.name,
        model_sha256=model.sha256,
        name=name,
        source=source[:NAME_LENGTH],
        score=inspection.score,
        p_value=inspection.p_value,
        verdict=inspection.verdict,
        regions=[_stored_region(region) for region in record.regions or ()],
        height=record.height,
        width=record.width,
        whole_image=record.whole_image,
        timings=vars(record.timings_ms),
        picture_sha256=digest,
        heat_low=low,
        heat_high=high,
        has_map=True,
        has_mask=False,
        label_version=0,
    )


def record_of_row(row: InspectionRow, journal: str | None) -> Record:
    """Give the record of a row, whichever flawflow wrote it.

    Args:
        row: With its id.
        journal: The station's identity.
    """
    return Record(
        journal=journal,
        id=row.id,
        time=row.time.isoformat(),
        path=row.name,
        sha256=row.picture_sha256,
        source=row.source,
        model=row.model,
        model_sha256=row.model_sha256,
        score=row.score,
        p_value=row.p_value,
        verdict=cast(Verdict, row.verdict),
        regions=tuple(map(_region, row.regions)),
        width=row.width,
        height=row.height,
        whole_image=row.whole_image,
        timings_ms=TimingsRecord(*(row.timings[stage] for stage in STAGES)),
    )


def _stored_region(region: RegionRecord) -> dict[str, Any]:
    """A region as the database has it: its numbers without their names, which a row would repeat for each."""
    return {
        "box": [*vars(region.box).values()],
        "area": region.area,
        "peak": region.peak,
        "centroid": [*vars(region.centroid).values()],
    }


def _region(stored: dict[str, Any]) -> RegionRecord:
    box, centroid = BoxRecord(*stored["box"]), PointRecord(*stored["centroid"])
    return RegionRecord(box, stored["area"], stored["peak"], centroid)
