"""What can go wrong in a station; each knows the HTTP status that says so."""

from collections.abc import Sequence
from typing import Any

from flawflow.errors import FlawflowError, ImageError, ImageTooLargeError


class StationError(FlawflowError):
    """A request that the station cannot serve."""

    status = 500


class NotFoundError(StationError):
    """There is no such model, inspection, picture or version."""

    status = 404


class RefusedError(StationError):
    """What was asked is not allowed, such as a path outside the allowed folders."""

    status = 403


class ConflictError(StationError):
    """What was asked does not fit what is there."""

    status = 409


class ValueRefusedError(StationError):
    """A value that has no meaning here."""

    status = 422


class TooLargeError(StationError):
    """More bytes or pictures than the station takes."""

    status = 413


class BusyError(StationError):
    """The queue is full.

    Attributes:
        retry_after: Seconds after which there should be room.
    """

    status = 503

    def __init__(self, sentence: str, *, retry_after: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class LostCommitError(BusyError):
    """Nobody knows whether the database recorded what it was given; it shows when the database is back."""


class UnknownKindError(ImageError):
    """The bytes are of no kind of picture that is read."""


def retry_header(error: FlawflowError) -> dict[str, str] | None:
    """Give the header that says when to try again; None where that would not help."""
    return {"retry-after": str(error.retry_after)} if isinstance(error, BusyError) else None


def first_problem(problems: Sequence[Any]) -> str:
    """Say where the first of the problems is that pydantic found, and what; from its `errors()`."""
    first = problems[0]
    return f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"


def status_of(error: FlawflowError) -> int:
    """Give the HTTP status that says what went wrong; 500 where it is nothing that was asked for or sent."""
    if isinstance(error, StationError):
        return error.status
    kinds = ((ImageTooLargeError, 413), (UnknownKindError, 415), (ImageError, 422))
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)
