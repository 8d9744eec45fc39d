"""A draft, a product whose model is yet to be learned, and its file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from flawflow.server.retraining.report import TrainingReport
from flawflow.storage.files import SECRET_MODE, write_whole
from flawflow.typed import completed, parse

IntakeKind = Literal["folder", "stream", "upload"]
"""Where pictures come from: a folder, a camera, stream or video file, or a video that was sent."""

ABOUT = "draft.json"
"""The file in a draft's folder that holds it; a folder without it is no draft."""


@dataclass(frozen=True, kw_only=True)
class DraftPicture:
    """A picture of a draft; it never changes.

    Attributes:
        file: Its file's name: the first half of the content's SHA-256, and the suffix of its kind.
        name: What it was called; for people only.
        height: In pixels.
        width: In pixels.
        size: Bytes of the file.
        pixels: Digest of its pixels: equal for the same picture in another file.
    """

    file: str
    name: str
    height: int
    width: int
    size: int
    pixels: str

    @property
    def id(self) -> str:
        """What it is called in addresses."""
        return self.file.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Pictures that come from a folder, a video or a camera, until there are no more or somebody stops it.

    Attributes:
        kind: What the address is.
        address: As of a source, checked; of a video that was sent, its file's name in the draft's folder.
        interval: Seconds between two pictures; of a video, by its own time.
        most: How many pictures to keep.
        position: Seconds of a video that are done.
        kept: How many pictures were kept.
        known: How many came that were there already.
        failed: How many could not be kept.
        error: What went wrong last; None where nothing did.
        running: Whether more are to come: after a restart they do.
    """

    kind: IntakeKind
    address: str
    interval: float = 1.0
    most: int
    position: float = 0.0
    kept: int = 0
    known: int = 0
    failed: int = 0
    error: str | None = None
    running: bool = True


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was learned last.

    Attributes:
        job: The training.
        of: What it was learned from, as of `Drafts.content`.
        report: What it found out about the pictures; None where that was lost in a crash.
        is_served: Whether the station inspects with it, at the rates that it has here.
    """

    job: int
    of: str
    report: TrainingReport | None
    is_served: bool = False


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A product whose model is yet to be learned.

    Attributes:
        name: What the model will be called.
        created: ISO 8601, UTC.
        preset: The preset that was chosen last.
        settings: Further settings, as of `flawflow train --set`.
        pictures: All of them, in the order in which they came; those left out stand in another folder.
        intake: The last one; None where there was none.
        learned: What was learned last; None for nothing yet.
    """

    name: str
    created: str
    preset: str = "balanced"
    settings: tuple[str, ...] = ()
    pictures: tuple[DraftPicture, ...] = ()
    intake: Intake | None = None
    learned: Learned | None = None


def write_draft(folder: Path, draft: Draft) -> None:
    """Write a draft's file, whole; addresses of cameras in it may hold passwords."""
    write_whole(folder / ABOUT, json.dumps(asdict(draft)), mode=SECRET_MODE)


def read_draft(folder: Path) -> Draft:
    """Read a draft.

    Raises:
        OSError: There is none.
        ValueError: Its file is damaged.
    """
    values = json.loads((folder / ABOUT).read_text("utf-8"))
    if not isinstance(values, dict):
        raise ValueError("it is no draft")
    values["pictures"] = [completed(DraftPicture, picture) for picture in values.get("pictures", [])]
    draft = parse(Draft, completed(Draft, values))
    assert isinstance(draft, Draft)
    if draft.name != folder.name:
        raise ValueError(f"it is that of {draft.name:.100}")
    return draft
