"""The shifts of a day, by this machine's clock."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from flawflow.errors import FlawflowError


def shift_starts(shifts: Sequence[str]) -> list[time]:
    """Give when shifts begin, in order.

    Raises:
        FlawflowError: There is none, or one is not a time, or not at a quarter of an hour.
    """
    found = set()
    for text in shifts:
        try:
            start = time.fromisoformat(text)
        except ValueError:
            start = time(second=1)
        if start.minute % 15 or start.second or start.microsecond or start.tzinfo is not None:
            raise FlawflowError(f"--shift {text}: write when it begins as HH:MM, at a quarter of an hour")
        found.add(start)
    if not found:
        raise FlawflowError("a day has one shift at least: give --shift 00:00 for whole days")
    return sorted(found)


def shift_at(now: datetime, starts: Sequence[time]) -> tuple[datetime, datetime]:
    """Give the begin of the shift at a time, and that of the next.

    Args:
        now: With a zone.
        starts: In the zone of this machine, one at least.

    >>> begin, end = shift_at(datetime(2026, 1, 2, 3, 0).astimezone(), shift_starts(["06:00", "22:00"]))
    >>> f"{begin:%d %H:%M} to {end:%d %H:%M}"
    '01 22:00 to 02 06:00'
    """
    today = now.astimezone().date()
    days = (today + timedelta(days=day) for day in (-1, 0, 1))
    # Each by its own date, so that a shift in which the clock is changed is an hour longer or shorter.
    begins = [datetime.combine(day, start).astimezone() for day in days for start in starts]
    return max(begin for begin in begins if begin <= now), min(begin for begin in begins if begin > now)
