"""The shifts of a day, by this machine's clock."""

import re
from datetime import date, datetime, time, timedelta

from flawflow.errors import FlawflowError

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check_shifts(starts: tuple[str, ...]) -> None:
    """Make sure that shifts begin at times of a day.

    Raises:
        FlawflowError: There is none, or one is no time.
    """
    wrong = next((start for start in starts if not _TIME.fullmatch(start)), None)
    if wrong is not None or not starts:
        raise FlawflowError(f"{wrong or 'no shift'}: write when a shift begins as --shift 06:00")


def shift_at(now: datetime, starts: tuple[str, ...]) -> tuple[datetime, datetime]:
    """Give the begin of the shift at a time, and that of the next.

    Args:
        now: With a zone.
        starts: `HH:MM` of the zone of this machine, checked.

    >>> begin, end = shift_at(datetime(2026, 1, 2, 3, 0).astimezone(), ("06:00", "22:00"))
    >>> f"{begin:%d %H:%M} to {end:%d %H:%M}"
    '01 22:00 to 02 06:00'
    """
    today = now.astimezone().date()
    days = (today + timedelta(days=day) for day in (-1, 0, 1))
    # Each by its own date, so that a shift in which the clock is changed is an hour longer or shorter.
    begins = [_local(day, start) for day in days for start in sorted(set(starts))]
    return max(begin for begin in begins if begin <= now), min(begin for begin in begins if begin > now)


def _local(day: date, start: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(start)).astimezone()
