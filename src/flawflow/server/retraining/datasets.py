"""Reviewed pictures as versions of a data set, in the layout of MVTec AD. No version ever changes."""

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flawflow.datasets import open_dataset
from flawflow.errors import DatasetError
from flawflow.images.decode import suffix_of
from flawflow.server.db import Filters, InspectionRow, Store
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.image_store import ImageStore
from flawflow.server.retraining.dataset import ABOUT, DatasetVersion, Picture, Place, read_version
from flawflow.storage.files import sha256_of_file
from flawflow.video.names import is_video_name

# One reviewed good picture in so many is kept for testing.
_TEST_ONE_IN = 5

_log = logging.getLogger("flawflow.server")


@dataclass(frozen=True)
class _Source:
    picture: Picture
    file: Path
    mask: Path | None = None


class Datasets:
    """The versions in one folder. Safe to use from several threads."""

    def __init__(
        self, folder: Path, *, store: Store, image_store: ImageStore, originals: Callable[[str], Path | None]
    ) -> None:
        """Look at nothing yet.

        Args:
            folder: Where versions are, and will be.
            store: Knows what was reviewed.
            image_store: Has the pictures.
            originals: Gives the data that a model was first trained on, if they are known; see `make`.
        """
        self._folder, self._store, self._image_store, self._originals = folder, store, image_store, originals
        self._lock = threading.Lock()

    def all(self) -> list[DatasetVersion]:
        """Give all versions that are whole, the oldest first; the others are named in the log."""
        found = []
        for number in self._numbers():
            try:
                found.append(self.get(number))
            except ConflictError as error:
                _log.error("%s", error)
        return found

    def get(self, version: int) -> DatasetVersion:
        """Give a version.

        Raises:
            NotFoundError: There is none of this number.
            ConflictError: Its file is damaged.
        """
        path = self._folder / str(version)
        if version not in self._numbers():
            raise NotFoundError(f"there is no data set {version}")
        return read_version(path)

    def newest(self, model: str) -> DatasetVersion | None:
        """Give the newest version for a model, None where there is none."""
        return next((found for found in reversed(self.all()) if found.model == model), None)

    def make(self, model: str) -> DatasetVersion:
        """Make a version of all pictures of a model's inspections that were reviewed until now.

        Bad pictures are for testing. Of good ones a fifth is, and which is decided by a picture's content: it
        stays so in all versions, so that nothing that a model is tested with was ever trained on. To learn
        from are the others and, where they are known, the good pictures that the model was first trained on;
        one of them that was reviewed as bad is left out.

        Raises:
            ConflictError: Nothing was reviewed, or nothing since the newest version; or the original data
                cannot be read, or hold videos.
        """
        with self._lock:
            sources = self._sources(model)
            if not any(source.picture.inspection for source in sources):
                raise ConflictError(
                    f"no kept picture of {model} was reviewed as good or bad: review some first"
                )
            newest = self.newest(model)
            if newest is not None and _contents(newest.pictures) == _contents(s.picture for s in sources):
                raise ConflictError(f"nothing has been reviewed since data set {newest.version} of {model}")
            return self._write(model, sources)

    def _numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self._folder.glob("*") if path.name.isdecimal())

    def _write(self, model: str, sources: list[_Source]) -> DatasetVersion:
        version = max(self._numbers(), default=0) + 1
        created = datetime.now(UTC).isoformat(timespec="seconds")
        scratch = self._folder / f".{version}.part"
        shutil.rmtree(scratch, ignore_errors=True)
        for place in ("train/good", "test/good", "test/bad", "ground_truth/bad"):
            (scratch / place).mkdir(parents=True)
        for source in sources:
            picture = source.picture
            _place(source.file, scratch / picture.place / picture.file)
            if source.mask is not None:
                name = f"{Path(picture.file).stem}_mask.png"
                # The mask may be redrawn later; the version keeps the current one.
                shutil.copyfile(source.mask, scratch / "ground_truth" / "bad" / name)
        pictures = [vars(source.picture) for source in sources]
        about = {"version": version, "model": model, "created": created, "pictures": pictures}
        (scratch / ABOUT).write_text(json.dumps(about, indent=1), "utf-8")
        scratch.rename(self._folder / str(version))
        return self.get(version)

    def _sources(self, model: str) -> list[_Source]:
        reviewed = self._reviewed(model)
        found, learned, tested = self._original(model, reviewed)
        for digest, row in sorted(reviewed.items()):
            if row.label == "bad":
                place: Place = "test/bad"
            elif digest in learned:
                continue
            else:
                place = "test/good" if digest in tested or is_for_test(digest) else "train/good"
            found.append(self._source(place, row))
        return found

    def _source(self, place: Place, row: InspectionRow) -> _Source:
        mask = self._image_store.mask(row.key) if row.has_mask and place == "test/bad" else None
        file = self._image_store.picture(row.key)
        digest = None if mask is None else sha256_of_file(mask)
        name = _name(row.picture_sha256, file)
        return _Source(Picture(place, name, row.picture_sha256, row.id, digest), file, mask)

    def _reviewed(self, model: str) -> dict[str, InspectionRow]:
        """The kept inspections with a label by content; of one picture, what was said last counts."""
        found: dict[str, InspectionRow] = {}
        for label in ("good", "bad"):
            for page in self._store.walk(Filters(model=model, label=label)):
                for row in page:
                    other = found.get(row.picture_sha256)
                    if row.has_picture and (other is None or _said(row) > _said(other)):
                        found[row.picture_sha256] = row
        return found

    def _original(
        self, model: str, reviewed: Mapping[str, InspectionRow]
    ) -> tuple[list[_Source], set[str], set[str]]:
        """The original good pictures less those reviewed as bad, and what was learned and tested first."""
        folder = self._originals(model)
        if folder is None:
            return [], set(), set()
        try:
            data = open_dataset(folder)
        except DatasetError as error:
            raise ConflictError(str(error)) from None
        for video in (sample.path for sample in data.train if is_video_name(sample.path)):
            raise ConflictError(f"{video} is a video, and data sets hold pictures: name some of its frames")
        tested = {sha256_of_file(sample.path) for sample in data.test}
        learned = {sha256_of_file(sample.path): sample.path for sample in data.train}
        sources = [
            _Source(Picture("train/good", _name(digest, path), digest, None), path)
            for digest, path in sorted(learned.items())
            if not (digest in reviewed and reviewed[digest].label == "bad")
        ]
        return sources, set(learned), tested


def is_for_test(sha256: str) -> bool:
    """Whether a reviewed good picture is kept for testing: one in five, by its content alone."""
    return int(sha256[:8], 16) % _TEST_ONE_IN == 0


def _contents(pictures: Iterable[Picture]) -> set[tuple[str, str, str | None]]:
    return {(picture.place, picture.sha256, picture.mask_sha256) for picture in pictures}


def _said(row: InspectionRow) -> tuple[datetime, int]:
    return row.labelled or row.time, row.id


def _name(sha256: str, file: Path) -> str:
    with file.open("rb") as stream:
        return f"{sha256[:32]}{suffix_of(stream.read(16))}"


def _place(source: Path, target: Path) -> None:
    """Hard link, which costs no space; a copy where there can be none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
