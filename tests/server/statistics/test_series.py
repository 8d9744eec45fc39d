import math
from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest

from flawflow.server.db.statistics import Count
from flawflow.server.statistics.series import Counts, points, start_of

SHIFTS = (time(6), time(14), time(22))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The station stands in Berlin."""
    import time as clock

    if not hasattr(clock, "tzset"):
        pytest.skip("this system's zone cannot be set for one process")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("at", "by", "begins"),
    [
        ("2026-01-02T05:59:59+01:00", "shift", "2026-01-01T22:00:00+01:00"),
        ("2026-01-02T06:00:00+01:00", "shift", "2026-01-02T06:00:00+01:00"),
        ("2026-01-02T23:00:00+01:00", "shift", "2026-01-02T22:00:00+01:00"),
        ("2026-01-02T13:59:00+01:00", "hour", "2026-01-02T13:00:00+01:00"),
        ("2026-01-02T00:30:00+01:00", "day", "2026-01-02T00:00:00+01:00"),
        ("2026-01-04T23:00:00+01:00", "week", "2025-12-29T00:00:00+01:00"),
        # The night in which clocks go forward began by the other offset.
        ("2026-03-29T05:00:00+02:00", "shift", "2026-03-28T22:00:00+01:00"),
        ("2026-03-29T05:00:00+02:00", "day", "2026-03-29T00:00:00+01:00"),
    ],
)
def test_where_a_stretch_begins(at: str, by, begins: str):
    assert start_of(local(at), by, SHIFTS).isoformat() == begins


def test_points_and_limits():
    counts = [
        Count(datetime(2026, 1, 2, hour, tzinfo=UTC), verdict, count)
        for hour, ok, ng in ((8, 90, 10), (9, 95, 5), (10, 60, 40))
        for verdict, count in (("OK", ok), ("NG", ng))
    ]
    made, centre = points(counts, "hour", SHIFTS)
    assert centre == pytest.approx(55 / 300)
    width = 3 * math.sqrt(centre * (1 - centre) / 100)
    assert [point.counts for point in made] == [Counts(90, 0, 10), Counts(95, 0, 5), Counts(60, 0, 40)]
    assert [(point.lower, point.upper) for point in made] == [
        pytest.approx((centre - width, centre + width))
    ] * 3
    assert [point.is_out for point in made] == [False, True, True]


def test_limits_stay_within_shares_and_small_counts_have_wide_ones():
    start = datetime(2026, 1, 2, 8, tzinfo=UTC)
    counts = [Count(start, "OK", 1), Count(start.replace(hour=9), "NG", 1)]
    made, centre = points(counts, "hour", SHIFTS)
    assert (centre, [(point.lower, point.upper) for point in made]) == (0.5, [(0.0, 1.0)] * 2)
    assert not any(point.is_out for point in made)


@pytest.mark.parametrize("verdict", ["OK", "NG"])
def test_where_all_are_alike_nothing_is_out(verdict: str):
    made, _ = points([Count(datetime(2026, 1, 2, 8, tzinfo=UTC), verdict, 7)], "day", SHIFTS)
    assert [point.is_out for point in made] == [False]


def test_nothing_has_no_points():
    assert points([], "hour", SHIFTS) == ([], 0.0)
