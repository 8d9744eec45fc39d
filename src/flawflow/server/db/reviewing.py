"""What people say of inspections, and of models: each change with its entry of the audit log."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from flawflow.server.actor import ACTOR, is_person
from flawflow.server.db.audit import append
from flawflow.server.db.filters import Filters, Label
from flawflow.server.db.tables import InspectionRow
from flawflow.server.errors import ConflictError, NotFoundError

# Among so many of the newest inspections those nearest to a threshold are looked for.
_CANDIDATES = 1000


class ChangedMeanwhileError(ConflictError):
    """Somebody else has labelled the inspection since whoever labels it now has seen it.

    Attributes:
        row: The inspection as it is.
    """

    def __init__(self, row: InspectionRow) -> None:
        by = row.labelled_by if row.labelled_by and is_person(row.labelled_by) else "somebody else"
        what = {"good": "as good", "bad": "as bad", "skip": "as skipped", None: "no more"}[row.label]
        drawn = ", with a mask" if row.has_mask else ""
        super().__init__(f"{by} has changed this meanwhile: it is labelled {what}{drawn}")
        self.row = row


def change_label(session: Session, number: int, label: Label | None, version: int | None) -> InspectionRow:
    """Set or, with None, remove a label.

    Args:
        session: Of a transaction that writes.
        number: The inspection's id.
        label: What a person says.
        version: The version that this person has seen; None overwrites whatever is there.

    Raises:
        NotFoundError: There is none of this id.
        ChangedMeanwhileError: It has another version, and says something else.
    """
    row = _held(session, number)
    if version not in (None, row.label_version):
        if row.label == label:
            return row
        raise _overtaken(session, row)
    old, row.label = row.label, label
    # What says the same again is no news.
    if old != label:
        _note(session, row, "label", old, label)
    row.labelled = None if label is None else datetime.now(UTC)
    return row


def change_mask(
    session: Session, number: int, has_mask: bool, version: int | None, keep: Callable[[str], None]
) -> InspectionRow:
    """Remember whether a person drew a mask.

    Args:
        session: Of a transaction that writes.
        number: The inspection's id.
        has_mask: Whether there is one from now on.
        version: As for `change_label`.
        keep: Keeps the file, or removes it, by the inspection's key; called where the mask may be changed.

    Raises:
        NotFoundError: There is none of this id.
        ChangedMeanwhileError: It has another version.
    """
    row = _held(session, number)
    if version not in (None, row.label_version):
        raise _overtaken(session, row)
    keep(row.key)
    old, row.has_mask = row.has_mask, has_mask
    if old or has_mask:
        _note(session, row, "mask", old, has_mask)
    return row


def newest_unlabelled(session: Session, model: str, sha256: str) -> list[InspectionRow]:
    """Give the newest inspections of a model's file that nobody has labelled and whose picture is kept."""
    row = InspectionRow
    query = select(row).where(*Filters(model=model, label="none").conditions())
    query = query.where(row.model_sha256 == sha256, row.has_picture)
    return list(session.scalars(query.order_by(row.id.desc()).limit(_CANDIDATES)))


def _note(
    session: Session, row: InspectionRow, action: str, old: str | bool | None, new: str | bool | None
) -> None:
    row.label_version += 1
    row.labelled_by = ACTOR.get().name
    append(session, action, f"inspection/{row.id}", old=old, new=new)


def _overtaken(session: Session, row: InspectionRow) -> ChangedMeanwhileError:
    # The session forgets its rows where its transaction fails.
    session.expunge(row)
    return ChangedMeanwhileError(row)


def _held(session: Session, number: int) -> InspectionRow:
    """Read an inspection so that nobody else changes it before this transaction ends."""
    row = session.get(InspectionRow, number, with_for_update=True)
    if row is None:
        raise NotFoundError(f"there is no inspection {number}")
    return row
