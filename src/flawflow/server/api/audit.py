"""The audit log: shown, filtered, exported, checked."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from flawflow.results.table import csv_line, csv_row
from flawflow.server.api.shared import BeforeId, in_utc, plain
from flawflow.server.db import AuditRow
from flawflow.server.db.audit import AuditFilters
from flawflow.server.station import Station

_COLUMNS = (
    "id", "time", "actor", "address", "action", "subject", "old", "new", "previous", "digest",
)  # fmt: skip
_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}

Short = Annotated[str | None, Query(max_length=255)]


class EntryOut(BaseModel):
    """An entry of the audit log."""

    id: int = Field(description="1, 2, … without a gap")
    time: datetime
    actor: str = Field(description="a person, or (token), (anyone), (station), (command line …)")
    address: str = Field(description="where the request came from")
    action: str
    subject: str = Field(description="what it was done to, such as inspection/7")
    old: Any = Field(description="what was before")
    new: Any = Field(description="what is since then")
    previous: str = Field(description="digest of the entry before; zeros for the first")
    digest: str = Field(
        description="SHA-256 of [id, time, actor, address, action, subject, old, new, previous] as JSON, "
        "where old and new are JSON texts, or null"
    )


class LogOut(BaseModel):
    """A page of the audit log, the newest first."""

    entries: list[EntryOut]
    next: int | None = Field(description="give it as `before` for the next page; null at the end")
    actions: list[str] = Field(description="all kinds of entries that there may be")


class CheckedOut(BaseModel):
    """What became of checking the chain of entries."""

    count: int = Field(description="entries in order")
    broken: int | None = Field(description="the first entry that does not follow from the one before")
    last: str = Field(description="digest of the last one in order; kept elsewhere, it proves all before it")


ACTIONS = (
    "label", "mask", "rates", "switch", "rollback", "source.add", "source.remove", "dataset.add", "job.start",
    "job.cancel", "export", "audit.export", "sign-in", "sign-in.failed", "sign-out", "user.add", "user.role",
    "user.active", "user.password", "token.add", "token.revoke",
)  # fmt: skip


def _filters(
    *,
    actor: Short = None,
    action: Short = None,
    subject: Short = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AuditFilters:
    return AuditFilters(
        actor=plain(actor),
        action=plain(action),
        subject=plain(subject),
        since=in_utc(since),
        until=in_utc(until),
    )


Entries = Annotated[AuditFilters, Depends(_filters)]


def router(station: Station) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/audit")
    audit = station.store.audit

    @routes.get("", response_model=LogOut)
    def entries(
        wanted: Entries, before: BeforeId = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        """Give who did what, the newest first."""
        rows = audit.find(wanted, before=before, limit=limit + 1)
        return {
            "entries": [entry_json(row) for row in rows[:limit]],
            "next": rows[limit - 1].id if len(rows) > limit else None,
            "actions": list(ACTIONS),
        }

    @routes.get("/check")
    def check() -> CheckedOut:
        """Check that no entry was changed, put in or taken out between the first and the last."""
        found = audit.check()
        return CheckedOut(count=found.count, broken=found.broken, last=found.last)

    @routes.get(
        "/export",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": _BINARY, "application/x-ndjson": _BINARY}}},
    )
    def export(wanted: Entries, format: Literal["csv", "jsonl"] = "csv") -> StreamingResponse:  # noqa: A002
        """Give all entries that match, the oldest first, as CSV or a JSON object a line."""
        audit.add("audit.export", "audit", new={"format": format})
        write = _csv if format == "csv" else _lines
        return StreamingResponse(
            write(audit.walk(wanted)),
            media_type=_TYPES[format],
            headers={"content-disposition": f'attachment; filename="audit.{format}"'},
        )

    return routes


def entry_json(row: AuditRow) -> dict[str, Any]:
    """An `EntryOut` as it is sent."""
    values = {name: getattr(row, name) for name in _COLUMNS}
    told = {name: None if values[name] is None else json.loads(values[name]) for name in ("old", "new")}
    return values | told | {"time": row.time.isoformat()}


def _lines(pages: Iterable[list[AuditRow]]) -> Iterator[bytes]:
    for page in pages:
        yield "".join(f"{json.dumps(entry_json(row))}\n" for row in page).encode()


def _csv(pages: Iterable[list[AuditRow]]) -> Iterator[bytes]:
    yield csv_line(_COLUMNS)
    for page in pages:
        yield b"".join(csv_row({name: getattr(row, name) for name in _COLUMNS}, _COLUMNS) for row in page)
