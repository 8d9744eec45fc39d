"""Which files are videos, and whether this installation can read them."""

import importlib.util
from pathlib import Path

from flawflow.errors import FlawflowError

VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm", ".wmv"})
"""What a video's name ends with, in lower case; names are compared without regard to case."""


def is_video_name(path: Path) -> bool:
    """Tell whether a file is named like a video and is not hidden."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def require_video(video: Path) -> None:
    """Say what is missing for reading videos, before any work.

    Args:
        video: The one that shall be read; the sentence names it.

    Raises:
        FlawflowError: The package of the extra `video` is not installed.
    """
    if importlib.util.find_spec("av") is None:
        raise FlawflowError(
            f"{video} is a video, and reading it needs the package av, which is not installed: "
            "pip install 'flawflow[video]', or name the pictures alone"
        )
