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
LabelVersion = Annotated[
    int | None,
    Query(
        ge=0,
        le=2**31 - 1,
        description="`label_version` as it was seen: where there is another one, nothing is changed and the "
        "answer is 409; without it whatever is there is overwritten",
    ),
]
LastEventId = Annotated[int | None, Header(ge=0, le=_MAX_ID, description="like `after`, which it replaces")]
ModelName = Annotated[str, Path(max_length=200)]

BUSY: dict[int | str, dict[str, Any]] = {
    503: {"model": Problem, "description": "The queue is full; Retry-After says when to try again"}
}
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"model": Problem, "description": "Too many bytes"}}


def upload_form(**more: str) -> dict[str, Any]:
    """Describe a form with files, which FastAPI does not see where a route reads its request by itself.

    Args:
        more: The types of the other fields, by name.

    >>> [*upload_form(overlay="boolean")]
    ['multipart/form-data']
    """
    files = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
    fields = {name: {"type": kind} for name, kind in more.items()}
    schema = {"type": "object", "required": ["files"], "properties": {"files": files, **fields}}
    return {"multipart/form-data": {"schema": schema}}


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
        since=in_utc(since),
        until=in_utc(until),
        text=text or None,
        after=after,
    )


def plain(text: str | None) -> str | None:
    """Give a text to look for, None for an empty one."""
    # PostgreSQL has no text with NUL.
    return text.replace("\0", "") if text else None


def in_utc(value: datetime | None) -> datetime | None:
    """Give a time in UTC.

    Raises:
        ValueRefusedError: There is no such time.
    """
    if value is None:
        return None
    try:
        # A time without a zone is meant in UTC, like those that the station gives.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueRefusedError("this time is out of range") from None


Wanted = Annotated[Filters, Depends(_filters)]
