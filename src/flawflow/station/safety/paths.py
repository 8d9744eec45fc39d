"""Paths that come from outside."""

from collections.abc import Sequence
from pathlib import Path

from flawflow.station.errors import RefusedError
from flawflow.urls import shown_url


def allowed_path(text: str, folders: Sequence[Path]) -> Path:
    """Give the real path of a file or folder below an allowed folder, links and dots resolved.

    Args:
        text: What was asked for; relative paths are those below the first allowed folder that has them.
        folders: The allowed folders.

    Raises:
        RefusedError: It is not below an allowed folder. What is not there is refused alike, so that
            nobody learns from the answer what other folders hold.
    """
    for folder in folders:
        root = folder.resolve()
        try:
            path = (root / text).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if path.is_relative_to(root):
            return path
    raise RefusedError(f"{shown_url(text):.200} is not in a folder that this station may read (see --allow)")
