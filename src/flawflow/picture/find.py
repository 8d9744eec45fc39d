"""The search for picture files: files, folders and patterns, in an order that people expect."""

import glob
import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from flawflow.errors import DatasetError

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""What a picture's name ends with, in lower case; names are compared without regard to case."""


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], str]:
    """Give the key of a natural sort: numbers by their value, letters without regard to case.

    >>> sorted(["part10.png", "part9.png", "Part1.png"], key=natural_key)
    ['Part1.png', 'part9.png', 'part10.png']
    """
    text = Path(path).as_posix()
    # Text and numbers alternate, text first (empty if need be), so a number never meets a text.
    pieces = re.split(r"([0-9]+)", text.casefold())
    # The whole text comes last: names that differ only in case or leading zeros keep one order.
    return tuple(int(piece) if i % 2 else piece for i, piece in enumerate(pieces)), text


def walk_pictures(folder: Path, *, suffixes: Collection[str] = PICTURE_SUFFIXES) -> list[Path]:
    """Find the pictures in a folder and all folders below it, naturally sorted.

    What counts is whether a name ends with one of `suffixes`. Hidden files and folders (`.name`) are left
    out. Links are followed, each folder entered once, so a link to a folder above ends the way instead of
    going round.

    Raises:
        DatasetError: A folder that may not be read.
    """
    entered: set[tuple[int, int]] = set()
    found: list[Path] = []
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        state = Path(root).stat()
        if (state.st_dev, state.st_ino) in entered:
            folders.clear()
            continue
        entered.add((state.st_dev, state.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [path for name in files if is_named(path := Path(root, name), suffixes)]
    return sorted(found, key=natural_key)


def _refuse(error: OSError) -> None:
    raise DatasetError(
        f"The folder {error.filename} cannot be read ({error.strerror}): check its permissions."
    )


def find_pictures(
    patterns: Iterable[str | Path], *, suffixes: Collection[str] = PICTURE_SUFFIXES
) -> list[Path]:
    """Find the pictures that files, folders and patterns name.

    A file is taken whatever its name ends with; of a folder, all pictures in it and below; of a pattern
    (`*`, `?`, `[…]`, `**` for any depth), the pictures and folders that match.

    Args:
        patterns: Paths and patterns; one alone may be given as it is.
        suffixes: What names of pictures end with, in lower case.

    Returns:
        Paths as they were named, naturally sorted, each file once.

    Raises:
        DatasetError: A path or pattern under which there is no picture.
    """
    patterns = [patterns] if isinstance(patterns, str | Path) else list(patterns)
    if not patterns:
        raise DatasetError("No picture is named: give files, folders or patterns such as 'parts/*.png'.")
    found: dict[str, Path] = {}
    for pattern in patterns:
        if pattern == "":
            # As a path it would be the working folder, which nobody means by an empty variable.
            raise DatasetError("One of the names is empty: give files, folders or patterns.")
        try:
            matches = list(_matches(pattern, suffixes))
        except OSError as error:
            raise DatasetError(f"{pattern} cannot be searched ({error.strerror}): check the path.") from error
        if not matches:
            kinds = ", ".join(sorted(suffixes))
            raise DatasetError(f"There is no picture at {pattern}: check the path; pictures end in {kinds}.")
        for path in matches:
            # abspath: the same file may be named as ./a.png and a.png; a link is a picture of its own.
            found.setdefault(os.path.abspath(path), path)  # noqa: PTH100 - resolve() would follow links
    return sorted(found.values(), key=natural_key)


def _matches(pattern: str | Path, suffixes: Collection[str]) -> Iterator[Path]:
    path = Path(pattern)
    # What exists is taken literally first: folders may be named like a pattern, as in "lot[7]".
    if path.is_dir():
        yield from walk_pictures(path, suffixes=suffixes)
    elif path.exists():
        yield path
    else:
        for match in map(Path, glob.glob(str(pattern), recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            if match.is_dir():
                yield from walk_pictures(match, suffixes=suffixes)
            elif is_named(match, suffixes):
                yield match


def is_named(path: Path, suffixes: Collection[str] = PICTURE_SUFFIXES) -> bool:
    """Tell whether a file is named like a picture and is not hidden."""
    return path.suffix.lower() in suffixes and not path.name.startswith(".")
