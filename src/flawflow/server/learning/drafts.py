"""The drafts of a station: each a folder, changed whole or not at all."""

import logging
import re
import shutil
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flawflow.errors import FlawflowError, one_line
from flawflow.images.read import naming
from flawflow.server.errors import ConflictError, NotFoundError, TooLargeError, ValueRefusedError
from flawflow.server.learning.draft import ABOUT, Draft, DraftPicture, read_draft, write_draft
from flawflow.server.learning.draft_folder import DraftFolder
from flawflow.server.learning.pictures import examine
from flawflow.server.settings import Settings
from flawflow.storage.files import write_whole

# It becomes the name of a folder, of a file, and of a model.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_MAX_DRAFTS = 32

_log = logging.getLogger("flawflow.server")


@dataclass
class Added:
    """What became of pictures that came.

    Attributes:
        added: How many were kept.
        known: How many were there already, byte for byte.
        failures: Names of those that cannot be kept, each with a sentence.
    """

    added: int = 0
    known: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


class Drafts:
    """Keeps drafts. Safe to use from several threads.

    Pictures that are learned from stand in a folder of their own, `good`, so that leaving one out is one
    change of the disk, and the folder is what `flawflow train` takes. A picture is kept when the draft's file
    names it: what a crash leaves besides is removed when the draft is read.

    Attributes:
        lock: Held while a draft changes.
        is_learning: Whether a draft is being learned from; it cannot change meanwhile.
        changed: Called with the name of a draft that has changed.
    """

    def __init__(self, settings: Settings) -> None:
        """Read the drafts that are there; those that are damaged are named in the log."""
        self.lock = threading.RLock()
        self.is_learning: Callable[[str], bool] = lambda _: False
        self.changed: Callable[[str], None] = lambda _: None
        self._settings, self._folder = settings, settings.data / "drafts"
        for gone in self._folder.glob(".*.part"):
            shutil.rmtree(gone, ignore_errors=True)
        self._drafts: dict[str, Draft] = {}
        for about in sorted(self._folder.glob(f"*/{ABOUT}")):
            try:
                folder = DraftFolder(about.parent)
                self._drafts[about.parent.name] = folder.tidied(read_draft(about.parent))
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                reason = one_line(str(error))
                _log.error("%s is damaged (%s): restore it from a backup, or remove it", about, reason)

    def all(self) -> list[Draft]:
        """Give all drafts, the oldest first."""
        with self.lock:
            return sorted(self._drafts.values(), key=lambda draft: (draft.created, draft.name))

    def get(self, name: str) -> Draft:
        """Give a draft.

        Raises:
            NotFoundError: There is none of this name.
        """
        with self.lock:
            if name not in self._drafts:
                raise NotFoundError(f"there is no draft {name:.100}")
            return self._drafts[name]

    def create(self, name: str) -> Draft:
        """Make a draft without pictures.

        Raises:
            ValueRefusedError: The name cannot be one of a model.
            ConflictError: There is one of this name, or there are too many.
        """
        if not NAME.fullmatch(name):
            raise ValueRefusedError(
                "a product is named by letters, digits, '.', '_' and '-', beginning with one of the first two"
            )
        with self.lock:
            # On some disks a folder has its name in any case.
            if name.casefold() in {known.casefold() for known in self._drafts}:
                raise ConflictError(f"there is a draft {name} already")
            folder = self.folder(name)
            if (folder.path / ABOUT).exists():
                raise ConflictError(f"{folder.path} is damaged: remove it, or choose another name")
            if len(self._drafts) >= _MAX_DRAFTS:
                raise ConflictError(f"a station has at most {_MAX_DRAFTS} drafts: remove one first")
            folder.make()
            return self._write(Draft(name=name, created=datetime.now(UTC).isoformat(timespec="seconds")))

    def remove(self, name: str) -> None:
        """Remove a draft with all its pictures.

        Raises:
            ConflictError: It is being learned from.
        """
        with self.lock:
            self._require_free(name)
            scratch = self._folder / f".{name}.part"
            shutil.rmtree(scratch, ignore_errors=True)
            self.folder(name).path.rename(scratch)
            del self._drafts[name]
        shutil.rmtree(scratch, ignore_errors=True)

    def change(self, name: str, **changes: Any) -> Draft:
        """Change fields of a draft that decide nothing about its pictures."""
        with self.lock:
            return self._write(replace(self.get(name), **changes))

    def add(self, name: str, pictures: Iterable[tuple[str, bytes]], **changes: Any) -> Added:
        """Keep pictures that are not there yet.

        Args:
            name: The draft's.
            pictures: The name and the bytes of each.
            changes: Of the draft, which are written with them.

        Raises:
            ConflictError: The draft is being learned from.
            TooLargeError: There are, or would be, too many pictures or bytes; those before were kept.
        """
        done, new = Added(), []
        for shown, content in pictures:
            try:
                new.append((examine(shown, content, self._settings), content))
            except FlawflowError as error:
                done.failures.append((shown, naming(error, "the picture")))
        with self.lock:
            self._require_free(name)
            draft = self.get(name)
            kept = {picture.file: picture for picture in draft.pictures}
            try:
                for picture, content in new:
                    if picture.file in kept:
                        done.known += 1
                        continue
                    self._require_room(kept.values(), picture)
                    write_whole(self.folder(name).good / picture.file, content)
                    kept[picture.file] = picture
                    done.added += 1
            finally:
                if done.added or changes:
                    self._write(replace(draft, pictures=tuple(kept.values()), **changes))
        return done

    def place(self, name: str, ids: Collection[str], *, left_out: bool) -> int:
        """Leave pictures out of what is learned from, or take them in again; gives how many changed.

        Raises:
            NotFoundError: There is no such picture.
            ConflictError: The draft is being learned from.
        """
        with self.lock:
            self._require_free(name)
            files = [self.picture(name, number).file for number in ids]
            places = self.folder(name).good, self.folder(name).left_out
            source, target = places if left_out else places[::-1]
            moved = [file for file in files if (source / file).is_file()]
            for file in moved:
                (source / file).replace(target / file)
        self.changed(name)
        return len(moved)

    def set_roi(self, name: str, png: bytes | None) -> None:
        """Keep a region of interest, or remove it.

        Raises:
            ConflictError: The draft is being learned from.
        """
        with self.lock:
            self._require_free(name)
            if png is None:
                self.folder(name).roi.unlink(missing_ok=True)
            else:
                write_whole(self.folder(name).roi, png)
        self.changed(name)

    def picture(self, name: str, number: str) -> DraftPicture:
        """Give a picture by its id.

        Raises:
            NotFoundError: There is none.
        """
        for picture in self.get(name).pictures:
            if picture.id == number:
                return picture
        raise NotFoundError(f"{name} has no such picture")

    def folder(self, name: str) -> DraftFolder:
        """Give the folder of a draft."""
        return DraftFolder(self._folder / name)

    def learned_from(self, name: str) -> Path | None:
        """Give the folder of good pictures of a draft that was learned; None where there is none."""
        with self.lock:
            draft = self._drafts.get(name)
        return self.folder(name).good if draft is not None and draft.learned is not None else None

    def content(self, name: str) -> str:
        """Give a digest of all that a draft is learned from."""
        with self.lock:
            return self.folder(name).content(self.get(name))

    def _write(self, draft: Draft) -> Draft:
        write_draft(self.folder(draft.name).path, draft)
        self._drafts[draft.name] = draft
        self.changed(draft.name)
        return draft

    def _require_free(self, name: str) -> None:
        self.get(name)
        if self.is_learning(name):
            raise ConflictError(f"{name} is being learned: stop that first, what was learned is kept")

    def _require_room(self, kept: Collection[DraftPicture], picture: DraftPicture) -> None:
        most, most_bytes = self._settings.max_draft_pictures, self._settings.max_draft_bytes
        if len(kept) >= most or sum(each.size for each in kept) + picture.size > most_bytes:
            raise TooLargeError(
                f"a product is learned from at most {most:,} pictures of {most_bytes:,} bytes together: "
                "leave some away, or set --max-draft-pictures and --max-draft-bytes"
            )
