"""Where each picture's overlay goes: the pictures' own folders and names, never two in one place."""

from collections.abc import Iterable
from pathlib import Path, PurePath

from flawflow.storage.paths import absolute
from flawflow.video.names import VIDEO_SUFFIXES


def overlay_paths(pictures: Iterable[Path]) -> dict[Path, str]:
    """Give every picture a name for its overlay, relative to the overlays' folder.

    The pictures' folders are mirrored from the deepest one that holds them all. A picture keeps its
    name; one that would share it with another (`a.png` and `a.bmp`) keeps its suffix in it too.

    Args:
        pictures: Paths, each once.

    Returns:
        For each path a relative path with `/`, ending in `.jpg`, or `.mp4` for a video; no two are
        equal, not even on a file system that takes `A.jpg` for `a.jpg`.

    >>> list(overlay_paths([Path("in/x/a.png"), Path("in/y/a.png"), Path("in/y/a.bmp")]).values())
    ['x/a.jpg', 'y/a.jpg', 'y/a_bmp.jpg']
    """
    places = {picture: absolute(picture) for picture in pictures}
    root = _common(places.values())
    taken: set[str] = set()
    names: dict[Path, str] = {}
    for picture, place in places.items():
        inside = PurePath(place.name) if root is None else place.relative_to(root)
        names[picture] = _free_name(inside, taken)
        taken.add(names[picture].casefold())
    return names


def common_folder(pictures: Iterable[Path]) -> Path:
    """Give the deepest folder that holds all pictures; the working directory where there is none."""
    return _common(map(absolute, pictures)) or Path.cwd()


def _common(places: Iterable[Path]) -> Path | None:
    folders = {place.parent for place in places}
    first = next(iter(folders), None)
    above = () if first is None else (first, *first.parents)
    # Two drives of Windows have no folder in common.
    return next((folder for folder in above if all(each.is_relative_to(folder) for each in folders)), None)


def _free_name(inside: PurePath, taken: set[str]) -> str:
    stem, suffix = inside.stem, inside.suffix.lstrip(".")
    ending = ".mp4" if inside.suffix.lower() in VIDEO_SUFFIXES else ".jpg"
    count = 1
    name = inside.with_name(stem + ending).as_posix()
    while name.casefold() in taken:
        numbered = f"{stem}_{suffix}" if count == 1 else f"{stem}_{suffix}_{count}"
        name = inside.with_name(numbered + ending).as_posix()
        count += 1
    return name
