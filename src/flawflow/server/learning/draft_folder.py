"""The folder of a draft: where its files stand."""

import hashlib
from dataclasses import replace
from pathlib import Path

from flawflow.server.learning.draft import Draft, DraftPicture
from flawflow.storage.files import sha256_of_file


class DraftFolder:
    """The files of one draft.

    Attributes:
        path: The folder.
        good: The folder of the pictures that are learned from, which `flawflow train` takes.
        left_out: The folder of those that are not.
        roi: The mask of the region of interest; no file for everything.
        model: The model that was learned last; no file for nothing yet.
        suspects: The folder of drawings of that model's suspects.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.good, self.left_out = path / "good", path / "left_out"
        self.roi, self.model = path / "roi.png", path / f"{path.name}.flaw"
        self.suspects = path / "suspects"

    def make(self) -> None:
        """Make the folder."""
        for place in (self.good, self.left_out):
            place.mkdir(parents=True, exist_ok=True)

    def file(self, picture: DraftPicture) -> Path:
        """Give the file of a picture, wherever it stands."""
        path = self.good / picture.file
        return path if path.is_file() else self.left_out / picture.file

    def names_left_out(self) -> set[str]:
        """Give the files' names of the pictures that are left out."""
        return {path.name for path in self.left_out.glob("*")}

    def content(self, draft: Draft) -> str:
        """Give a digest of all that is learned from: it differs where the pictures or the region do."""
        left_out = self.names_left_out()
        files = sorted(picture.file for picture in draft.pictures if picture.file not in left_out)
        roi = sha256_of_file(self.roi) if self.roi.is_file() else ""
        return hashlib.sha256("\n".join([*files, roi]).encode()).hexdigest()

    def tidied(self, draft: Draft) -> Draft:
        """The draft with those pictures whose files are there; what a crash left besides is removed."""
        self.make()
        names = {picture.file for picture in draft.pictures}
        found = set()
        for path in (*self.good.iterdir(), *self.left_out.iterdir()):
            if path.name in names:
                found.add(path.name)
            else:
                path.unlink()
        return replace(draft, pictures=tuple(each for each in draft.pictures if each.file in found))
