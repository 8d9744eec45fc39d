"""Types that several routes share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query

from flawflow.decision.calibration import Verdict
from flawflow.server.db import Filters
from flawflow.server.db.filters import LabelFilter
from flawflow.server.errors import ValueRefusedError
from flawflow.server.schemas import Problem

_MAX_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=_MAX_ID)]
BeforeId = Annotated[int | None, Query(ge=1, le=_MAX_ID)]
AfterId = Annotated[int | None, Query(ge=0, le=_MAX_ID, description="only inspections with larger ids")]
LastEventId = Annotated[int | None, Header(ge=0, le=_MAX_ID, description="like `after`, which it replaces")]
ModelName = Annotated[str, Path(max_length=200)]

BUSY: dict[int | str, dict[str, Any]] = {
    503: {"model": Problem, "description": "The queue is full; Retry-After says when to try again"}
}
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"model": Problem, "description": "Too many bytes"}}


def _filters(
    *,
    model: Annotated[str | None, Query(max_length=200)] = None,
    verdict: Verdict | None = None,
    label: LabelFilter | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    after: AfterId = None,
) -> Filters:
    return Filters(
        model=model,
        verdict=verdict,
        label=label,
        since=_utc(since),
        until=_utc(until),
        text=text or None,
        after=after,
    )


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    try:
        # A time without a zone is meant in UTC, like those that the station gives.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueRefusedError("this time is out of range") from None


Wanted = Annotated[Filters, Depends(_filters)]
