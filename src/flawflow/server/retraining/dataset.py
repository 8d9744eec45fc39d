"""A version of a data set, and the file that tells of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from flawflow.server.errors import ConflictError
from flawflow.typed import completed, parse

Place = Literal["train/good", "test/good", "test/bad"]

ABOUT = "dataset.json"
"""The file in the folder of a version that tells of it."""


@dataclass(frozen=True)
class Picture:
    """A picture of a version.

    Attributes:
        place: Where it is and what for.
        file: Its name in `place`.
        sha256: Of its file; the first half is its name, so that a picture has the same in all versions.
        inspection: Its inspection; None for a picture of the original training.
        mask_sha256: Of the mask that a person drew; None where there is none.
    """

    place: Place
    file: str
    sha256: str
    inspection: int | None
    mask_sha256: str | None = None


@dataclass(frozen=True)
class DatasetVersion:
    """A version of a data set.

    Attributes:
        version: Ascending over all models of the station.
        model: The model whose inspections were reviewed.
        created: ISO 8601, UTC.
        path: Its folder.
        pictures: All of them.
    """

    version: int
    model: str
    created: str
    path: Path
    pictures: tuple[Picture, ...]

    def tested(self) -> list[Picture]:
        """The reviewed pictures that are never trained on."""
        return [picture for picture in self.pictures if picture.place != "train/good"]

    def count(self, *places: Place) -> int:
        """How many pictures are in some places."""
        return sum(picture.place in places for picture in self.pictures)


@dataclass(frozen=True)
class _About:
    """What the file of a version holds."""

    version: int
    model: str
    created: str
    pictures: tuple[Picture, ...]


def read_version(path: Path) -> DatasetVersion:
    """Read what the folder of a version tells of it.

    Raises:
        ConflictError: Its file is damaged.
    """
    try:
        about: dict[str, Any] = json.loads((path / ABOUT).read_text("utf-8"))
        about["pictures"] = [completed(Picture, picture) for picture in about["pictures"]]
        kept = parse(_About, about)
        return DatasetVersion(kept.version, kept.model, kept.created, path, kept.pictures)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConflictError(
            f"{path / ABOUT} is damaged ({error}): restore it from a backup, or remove its folder"
        ) from None
