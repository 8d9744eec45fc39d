"""Which inspections: the filters of the history and of the export."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement

from flawflow.decision.calibration import Verdict
from flawflow.errors import one_line
from flawflow.server.db.tables import InspectionRow

Label = Literal["good", "bad", "skip"]
LabelFilter = Literal["good", "bad", "skip", "none"]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Conditions that all must hold; None for any.

    Attributes:
        model: The model's name.
        verdict: The verdict.
        label: The label that a person gave; "none" for inspections without one.
        since: The earliest time.
        until: The time before which it was.
        text: A part of the picture's name or source.
        after: Only ids above this.
    """

    model: str | None = None
    verdict: Verdict | None = None
    label: LabelFilter | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    after: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as SQL."""
        row = InspectionRow
        found: list[ColumnElement[bool]] = []
        if self.model is not None:
            found.append(row.model == self.model)
        if self.verdict is not None:
            found.append(row.verdict == self.verdict)
        if self.label is not None:
            found.append(row.label.is_(None) if self.label == "none" else row.label == self.label)
        if self.since is not None:
            found.append(row.time >= self.since)
        if self.until is not None:
            found.append(row.time < self.until)
        if self.after is not None:
            found.append(row.id > self.after)
        if self.text:
            # Names are stored as one printable line, so that is what they are searched for.
            part = one_line(self.text)
            matches = (column.icontains(part, autoescape=True) for column in (row.name, row.source))
            found.append(next(matches) | next(matches))
        return found
