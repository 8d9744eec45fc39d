"""Counts over time: by hour, shift, day or week of this place, with the limits of a p-chart."""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, TypeVar

from flawflow.server.db.statistics import Count

Key = TypeVar("Key", bound=Hashable)
By = Literal["hour", "shift", "day", "week"]

# Shewhart's: a process that stays as it is leaves them in about 3 of 1,000 points.
_SIGMAS = 3.0


@dataclass(frozen=True)
class Counts:
    """How many were judged what."""

    ok: int = 0
    review: int = 0
    ng: int = 0

    @property
    def total(self) -> int:
        """All."""
        return self.ok + self.review + self.ng

    @property
    def share_ng(self) -> float:
        """The share of NG; of one at least."""
        return self.ng / self.total

    def plus(self, verdict: str, count: int) -> "Counts":
        """Add some of a verdict."""
        return Counts(
            self.ok + count * (verdict == "OK"),
            self.review + count * (verdict == "REVIEW"),
            self.ng + count * (verdict == "NG"),
        )


@dataclass(frozen=True)
class Point:
    """A stretch of time with its counts.

    Attributes:
        start: When it began, in local time.
        counts: What was judged in it.
        lower: Below it the share of NG is less than chance makes it; 0 where nothing is.
        upper: Above it the share of NG is more than chance makes it.
    """

    start: datetime
    counts: Counts
    lower: float
    upper: float

    @property
    def is_out(self) -> bool:
        """Whether the share of NG is beyond a limit."""
        return not self.lower <= self.counts.share_ng <= self.upper


def grouped(counts: Iterable[Count], key: Callable[[Count], Key]) -> dict[Key, Counts]:
    """Add up counts by a key, in the order in which it appears."""
    found: dict[Key, Counts] = {}
    for each in counts:
        name = key(each)
        found[name] = found.get(name, Counts()).plus(each.verdict, each.count)
    return found


def points(counts: Iterable[Count], by: By, shifts: Sequence[time]) -> tuple[list[Point], float]:
    """Give the points of a p-chart and its centre line, the share of NG of all of them.

    A point of n inspections has the limits p ± 3 sqrt(p (1 - p) / n) about the centre p, cut off at 0 and 1.

    Args:
        counts: By quarter of an hour, in order.
        by: How long a point is.
        shifts: When shifts begin, in local time and in order.
    """
    found = grouped(counts, lambda each: start_of(each.key.astimezone(), by, shifts))
    total = sum(each.total for each in found.values())
    centre = sum(each.ng for each in found.values()) / total if total else 0.0
    made = []
    for start, each in found.items():
        width = _SIGMAS * math.sqrt(centre * (1 - centre) / each.total)
        made.append(Point(start, each, max(0.0, centre - width), min(1.0, centre + width)))
    return made, centre


def start_of(local: datetime, by: By, shifts: Sequence[time]) -> datetime:
    """Give when the stretch began that a local time lies in."""
    if by == "hour":
        return local.replace(minute=0, second=0, microsecond=0)
    if by == "shift":
        earlier = [shift for shift in shifts if shift <= local.time()]
        day = local if earlier else local - timedelta(days=1)
        return _at(day, (earlier or list(shifts))[-1])
    day = local if by == "day" else local - timedelta(days=local.weekday())
    return _at(day, time())


def _at(day: datetime, clock: time) -> datetime:
    # Through the system's zone once more: on the day when clocks change another offset may hold.
    return datetime.combine(day.date(), clock).astimezone()
