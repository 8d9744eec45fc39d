"""How a source gets on, as the page shows it."""

from datetime import UTC, datetime


class Progress:
    """What a runner reports; written by its own thread, read by others.

    Attributes:
        seen: Pictures that were inspected.
        latest: When its last picture was inspected; None before the first.
        since: Since when something is wrong; None where all is well.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._error: str | None = None
        self.latest: datetime | None = None
        self.since: datetime | None = None

    @property
    def error(self) -> str | None:
        """What is wrong now, as a sentence; None where all is well."""
        return self._error

    @error.setter
    def error(self, error: str | None) -> None:
        if error is None:
            self.since = None
        elif self._error is None:
            self.since = datetime.now(UTC)
        self._error = error
