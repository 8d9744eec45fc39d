"""Where the image of a trigger comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flawflow.server.errors import StationError

NEWEST_SECONDS = 1.0
"""How old the newest image may be when it is triggered."""


class NoFrameError(StationError):
    """No image came in time."""


class SourceError(StationError):
    """The camera or folder cannot be read."""


@dataclass(frozen=True)
class Frame:
    """An image for a job.

    Attributes:
        content: An image file's bytes.
        name: What the source calls it.
    """

    content: bytes
    name: str


class Frames(Protocol):
    """A source that gives images when it is asked. One caller at a time.

    Attributes:
        error: Why it cannot be read now, as a sentence; empty where it can.
    """

    error: str

    def arm(self) -> None:
        """Note that a trigger comes now, before the machine is told: what is there already came before."""
        ...

    def take(self, since: float, deadline: float, is_wanted: Callable[[], bool]) -> Frame:
        """Give the image of a trigger.

        Args:
            since: When the trigger came, by `time.monotonic`.
            deadline: Until when to wait.
            is_wanted: Whether somebody still waits; asked several times a second.

        Raises:
            NoFrameError: None came in time, or nobody wants it any more.
            SourceError: The source cannot be read.
        """
        ...

    def refuse(self, frame: Frame) -> bool:
        """Say that it cannot be decoded; true where a whole one may follow, as of a half-written file."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...
