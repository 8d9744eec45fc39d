"""Paths of this computer and URLs of object stores as one kind of thing: `pathlib.Path`."""

import os
from pathlib import Path

from flawflow.errors import StorageError
from flawflow.storage.remote import RemotePath


def to_path(place: str | os.PathLike[str]) -> Path:
    """Give the path that a text names: of this computer, or a `RemotePath` where it is a URL.

    Raises:
        StorageError: The URL's scheme is none that is read here, or it holds a password.

    >>> to_path("parts/a.png"), to_path("s3://bucket/parts/").name
    (PosixPath('parts/a.png'), 'parts')
    """
    if isinstance(place, Path):
        return place
    text = os.fspath(place)
    if "://" not in text:
        return Path(text)
    scheme, _, rest = text.partition("://")
    if scheme.lower() == "file":
        return Path(rest)
    path = RemotePath(text)
    path.check()
    return path


def joined(folder: Path, name: str) -> Path:
    """Give what a list in `folder` names: a URL, an absolute path, or one below the folder."""
    if "://" in name:
        return to_path(name)
    return folder / (name.lstrip("/") if is_remote(folder) else name)


def is_remote(path: str | Path) -> bool:
    """Whether something is a URL, not a file of this computer."""
    return isinstance(path, RemotePath) or (isinstance(path, str) and "://" in path)


def absolute(path: Path) -> Path:
    """Give a path that names the same file from any working folder; links keep their names."""
    # Not resolve(), which would follow links.
    return path if is_remote(path) else Path(os.path.abspath(path))  # noqa: PTH100


def identity(path: Path) -> str:
    """Give the same text for the same file, by whatever links and names it is reached."""
    return path.url if isinstance(path, RemotePath) else os.path.realpath(path)


def scratch_place(path: Path) -> Path:
    """Give where what is made on the way to a file stands: beside it, or in the working folder for a URL."""
    return Path(path.name) if is_remote(path) else path


def here(path: Path) -> Path:
    """Give a path as it is where it lies on this computer.

    Raises:
        StorageError: It is a URL, and what it is for takes only files of this computer.
    """
    if is_remote(path):
        raise StorageError(f"{path} is a URL, and here only a path of this computer can be used: name one.")
    return path
