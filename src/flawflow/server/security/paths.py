"""Paths that come from outside."""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from flawflow.server.errors import RefusedError
from flawflow.storage.urls import shown_url

# A pipe without a writer would be waited for; Windows has none of the two.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def allowed_path(text: str, folders: Sequence[Path]) -> Path:
    """Give the real path of a file or folder below an allowed folder, links and dots resolved.

    Args:
        text: What was asked for; relative paths are those below the first allowed folder that has them.
        folders: The allowed folders, by their real paths at the start: one that was replaced by a link since
            then allows nothing.

    Raises:
        RefusedError: It is not below an allowed folder. What is not there is refused alike, so that
            nobody learns from the answer what other folders hold.
    """
    for folder in folders:
        try:
            path = (folder / text).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if path.is_relative_to(folder):
            return path
    raise RefusedError(
        f"{shown_url(text):.200} is not there, or not in a folder that this station may read (see --allow)"
    )


def open_inside(path: Path, folders: Sequence[Path]) -> BinaryIO:
    """Open a file for reading, if what was opened is below an allowed folder.

    A path that was checked may lead elsewhere by the time when it is opened: whoever may write there can put
    a link in its place, or in that of a folder above. So what was opened is looked at.

    Args:
        path: Of `allowed_path`, or below a folder of it.
        folders: As for `allowed_path`.

    Raises:
        OSError: It cannot be read; FileNotFoundError where it is gone or leads elsewhere.
    """
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    try:
        opened, real = os.fstat(file.fileno()), path.resolve(strict=True)
        if not any(map(real.is_relative_to, folders)) or not os.path.samestat(opened, real.lstat()):
            raise FileNotFoundError(errno.ENOENT, "it leads out of the allowed folders", str(path))
        if not stat.S_ISREG(opened.st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
    except BaseException:
        file.close()
        raise
    return file
