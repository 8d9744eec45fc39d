"""Everything that the statistics of a span of time say, for the page, the report and programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from flawflow.server.db import Store
from flawflow.server.db.statistics import Span
from flawflow.server.statistics.places import Places, places_of
from flawflow.server.statistics.reviewed import (
    Agreement,
    FalseRejects,
    Reviewed,
    agreement,
    false_rejects,
)
from flawflow.server.statistics.series import By, Counts, Point, grouped, points


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The statistics of a span.

    Attributes:
        span: Which inspections.
        by: How long a point is.
        points: The p-chart; stretches without an inspection are left out.
        centre: Its centre line, the share of NG of all points.
        counts: All together.
        models: Counts by model.
        sources: Counts by source.
        reviewed: What people said.
        agreement: How far people and model agree; None where nothing was reviewed.
        false_rejects: The achieved false reject rate; None where no NG was reviewed.
        places: Where regions lie, by model.
    """

    span: Span
    by: By
    points: Sequence[Point]
    centre: float
    counts: Counts
    models: Mapping[str, Counts]
    sources: Mapping[str, Counts]
    reviewed: Reviewed
    agreement: Agreement | None
    false_rejects: FalseRejects | None
    places: Sequence[Places]


def summarise(store: Store, span: Span, by: By, shifts: Sequence[time]) -> Summary:
    """Read what is counted."""
    statistics = store.statistics
    made, centre = points(statistics.over_time(span), by, shifts)
    models = grouped(statistics.by_model(span), lambda each: str(each.key))
    counts = Counts(
        sum(each.ok for each in models.values()),
        sum(each.review for each in models.values()),
        sum(each.ng for each in models.values()),
    )
    reviewed = statistics.reviewed(span)
    return Summary(
        span=span,
        by=by,
        points=made,
        centre=centre,
        counts=counts,
        models=models,
        sources=grouped(statistics.by_source(span), lambda each: str(each.key)),
        reviewed=reviewed,
        agreement=agreement(reviewed),
        false_rejects=false_rejects(reviewed, counts),
        places=places_of(store.regions.by_place(span)),
    )
