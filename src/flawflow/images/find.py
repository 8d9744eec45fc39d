"""The search for picture files: files, folders and patterns, in an order that people expect."""

import glob
import logging
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flawflow.errors import DatasetError, one_line
from flawflow.storage.paths import absolute, is_remote, to_path
from flawflow.storage.remote import RemotePath

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".webp"}
)
"""What a picture's name ends with, in lower case; names are compared without regard to case."""

# Folders in which disks and network storages keep thumbnails and what was thrown away, and files likewise.
_OF_THE_SYSTEM = frozenset(
    {"@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "$recycle.bin", "__macosx"}
    | {"lost+found", "system volume information", "thumbs.db", "desktop.ini", "ehthumbs.db"}
)
_NAMES_SHOWN = 5

_log = logging.getLogger(__name__)


@dataclass
class Search:
    """What was found, and what was skipped.

    Attributes:
        pictures: Naturally sorted, each once.
        others: How many files are not named like pictures, by suffix.
        of_the_system: Folders of thumbnails and wastebaskets that were not entered.
        unreadable: Folders that may not be read, each with a reason.
    """

    pictures: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    of_the_system: list[Path] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each kind of thing that was skipped."""
        found = [
            f"The folder {one_line(str(folder))} cannot be read ({reason}) and was left out: check its "
            "permissions."
            for folder, reason in self.unreadable
        ]
        if self.of_the_system:
            found.append(f"Folders of thumbnails and the like were left out: {_named(self.of_the_system)}.")
        if count := self.others.total():
            kinds = ", ".join(
                f"{times:,} {one_line(suffix) or 'without a suffix'}"
                for suffix, times in sorted(self.others.items(), key=_most_first)[:_NAMES_SHOWN]
            )
            more = ", …" if len(self.others) > _NAMES_SHOWN else ""
            were = "1 file was" if count == 1 else f"{count:,} files were"
            found.append(f"{were} left out, not being named like a picture ({kinds}{more}).")
        return tuple(found)

    def add(self, other: "Search") -> None:
        """Take what another search found, too."""
        self.pictures += other.pictures
        self.others += other.others
        self.of_the_system += other.of_the_system
        self.unreadable += other.unreadable


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], str]:
    """Give the key of a natural sort: numbers by their value, letters without regard to case.

    >>> sorted(["part10.png", "part9.png", "Part1.png"], key=natural_key)
    ['Part1.png', 'part9.png', 'part10.png']
    """
    text = (path if isinstance(path, Path) else Path(path)).as_posix()
    # Text and numbers alternate, text first (empty if need be), so a number never meets a text.
    pieces = re.split(r"([0-9]+)", text.casefold())
    # The whole text comes last: names that differ only in case or leading zeros keep one order.
    return tuple(int(piece) if i % 2 else piece for i, piece in enumerate(pieces)), text


def walk_images(folder: Path, *, suffixes: Collection[str] = IMAGE_SUFFIXES) -> list[Path]:
    """Find the pictures in a folder and all folders below it; see `walk`."""
    return walk(folder, suffixes=suffixes).pictures


def walk(folder: Path, *, suffixes: Collection[str] = IMAGE_SUFFIXES) -> Search:
    """Find the pictures in a folder and all folders below it, naturally sorted.

    What counts is whether a name ends with one of `suffixes`. Hidden files and folders (`.name`) are left
    out, and so are folders in which network storages keep thumbnails. Links are followed, each folder entered
    once, so a link to a folder above ends the way instead of going round.

    Raises:
        DatasetError: The folder itself may not be read.
    """
    if isinstance(folder, RemotePath):
        return _walk_objects(folder, suffixes)
    entered: set[tuple[int, int]] = set()
    found = Search()

    def refused(error: OSError) -> None:
        path = Path(os.fsdecode(error.filename))
        if path == folder:
            raise DatasetError(
                f"The folder {folder} cannot be read ({error.strerror}): check its permissions."
            ) from error
        found.unreadable.append((path, error.strerror or type(error).__name__))

    for root, folders, files in os.walk(folder, onerror=refused, followlinks=True):
        try:
            state = Path(root).stat()
        except OSError as error:
            refused(error)
            continue
        if (state.st_dev, state.st_ino) in entered:
            folders.clear()
            continue
        entered.add((state.st_dev, state.st_ino))
        found.of_the_system += [Path(root, name) for name in folders if name.casefold() in _OF_THE_SYSTEM]
        folders[:] = sorted(name for name in folders if not is_passed_by(name))
        for name in files:
            _sort_in(Path(root, name), suffixes, found)
    found.pictures.sort(key=natural_key)
    return found


def _walk_objects(folder: RemotePath, suffixes: Collection[str]) -> Search:
    found = Search()
    try:
        for name in folder.names_below():
            if not any(map(is_passed_by, name.split("/")[:-1])):
                _sort_in(folder / name, suffixes, found)
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be listed ({error.strerror}): check the address and your rights."
        ) from error
    found.pictures.sort(key=natural_key)
    return found


def _sort_in(path: Path, suffixes: Collection[str], found: Search) -> None:
    if is_named(path, suffixes):
        found.pictures.append(path)
    elif not is_passed_by(path.name):
        found.others[suffix_of(path.name)] += 1


def is_passed_by(name: str) -> bool:
    """Whether a file or folder is hidden, or one in which a system keeps thumbnails and the like."""
    return name.startswith(".") or name.casefold() in _OF_THE_SYSTEM


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _named(paths: list[Path]) -> str:
    more = f" and {len(paths) - _NAMES_SHOWN:,} more" if len(paths) > _NAMES_SHOWN else ""
    return ", ".join(one_line(str(path)) for path in paths[:_NAMES_SHOWN]) + more


def find_images(patterns: Iterable[str | Path], *, suffixes: Collection[str] = IMAGE_SUFFIXES) -> list[Path]:
    """Find the pictures that files, folders and patterns name; see `search`.

    What is skipped is logged by this module as warnings.

    Returns:
        Paths as they were named, naturally sorted, each file once.
    """
    found = search(patterns, suffixes=suffixes)
    for note in found.notes:
        _log.warning("%s", note)
    return found.pictures


def search(patterns: Iterable[str | Path], *, suffixes: Collection[str] = IMAGE_SUFFIXES) -> Search:
    """Find the pictures that files, folders and patterns name, and report what was skipped.

    A file is taken whatever its name ends with; of a folder, all pictures in it and below; of a pattern
    (`*`, `?`, `[…]`, `**` for any depth), the pictures and folders that match.

    Args:
        patterns: Paths and patterns; one alone may be given as it is.
        suffixes: What names of pictures end with, in lower case.

    Raises:
        DatasetError: A path or pattern under which there is no picture.
    """
    patterns = [patterns] if isinstance(patterns, str | Path) else list(patterns)
    if not patterns:
        raise DatasetError("No picture is named: give files, folders or patterns such as 'parts/*.png'.")
    found = Search()
    for pattern in patterns:
        if pattern == "":
            # As a path it would be the working folder, which nobody means by an empty variable.
            raise DatasetError("One of the names is empty: give files, folders or patterns.")
        try:
            matches = _matches(pattern, suffixes)
        except OSError as error:
            raise DatasetError(f"{pattern} cannot be searched ({error.strerror}): check the path.") from error
        if not matches.pictures:
            kinds = ", ".join(sorted(suffixes))
            said = "".join(f" {note}" for note in matches.notes)
            raise DatasetError(
                f"There is no picture at {pattern}: check the path; pictures end in {kinds}.{said}"
            )
        found.add(matches)
    once: dict[str, Path] = {}
    for path in found.pictures:
        # abspath: the same file may be named as ./a.png and a.png; a link is a picture of its own.
        once.setdefault(str(absolute(path)), path)
    found.pictures = sorted(once.values(), key=natural_key)
    return found


def _matches(pattern: str | Path, suffixes: Collection[str]) -> Search:
    path = to_path(pattern)
    # What exists is taken literally first: folders may be named like a pattern, as in "lot[7]".
    if path.is_dir():
        return walk(path, suffixes=suffixes)
    found = Search()
    if path.exists():
        found.pictures.append(path)
    if found.pictures or is_remote(path):
        return found
    for match in map(Path, glob.glob(str(pattern), recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
        if match.is_dir():
            if not is_passed_by(match.name):
                found.add(walk(match, suffixes=suffixes))
        else:
            _sort_in(match, suffixes, found)
    return found


def is_named(path: Path, suffixes: Collection[str] = IMAGE_SUFFIXES) -> bool:
    """Tell whether a file is named like a picture and is not hidden."""
    return suffix_of(path.name) in suffixes and not is_passed_by(path.name)


def suffix_of(name: str) -> str:
    """Give the suffix of a file's name in lower case; no path is made of it, for there may be millions."""
    # A blank at the end comes of copying names by hand.
    return os.path.splitext(name)[1].strip().lower()  # noqa: PTH122
