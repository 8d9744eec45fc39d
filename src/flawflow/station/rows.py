"""What is recorded of an inspection."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flawflow.inspect.inspection import Inspection
from flawflow.station.models import Model
from flawflow.station.record import InspectionRow
from flawflow.station.record.tables import NAME_LENGTH


def new_row(model: Model, inspection: Inspection, *, name: str, source: str, digest: str) -> InspectionRow:
    """Make the row of an inspection by a model, under a key of its own; `has_picture` is left to the caller.

    Args:
        model: Which inspected.
        inspection: What it found.
        name: The picture's, for people.
        source: Where it came from; see `Desk.inspect`.
        digest: SHA-256 of the picture's file, in hex.
    """
    timings = inspection.timings
    low, high = model.card.heat_scale
    regions: list[dict[str, Any]] = [
        {"box": list(each.box), "area": each.area, "peak": each.peak, "centroid": list(each.centroid)}
        for each in inspection.regions
    ]
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
        regions=regions,
        height=inspection.size[0],
        width=inspection.size[1],
        timings={
            stage: round(1e3 * getattr(timings, stage), 3) for stage in ("read", "prepare", "infer", "judge")
        },
        picture_sha256=digest,
        heat_low=low,
        heat_high=high,
        has_map=True,
        has_mask=False,
    )
