import os
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from flawflow.errors import FlawflowError
from flawflow.server.shift import shift_at, shift_starts

THREE = ("06:00", "14:00", "22:00")


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        ("2026-01-15 06:00", "2026-01-15 06:00", "2026-01-15 14:00"),
        ("2026-01-15 05:59", "2026-01-14 22:00", "2026-01-15 06:00"),
        ("2026-01-15 23:59", "2026-01-15 22:00", "2026-01-16 06:00"),
        ("2026-12-31 22:30", "2026-12-31 22:00", "2027-01-01 06:00"),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_a_time_lies_in_one_shift(now: str, begin: str, end: str):
    found = shift_at(datetime.fromisoformat(now).astimezone(), shift_starts(THREE))
    assert found == tuple(datetime.fromisoformat(each).astimezone() for each in (begin, end))


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(("night", "hours"), [("2026-03-29 01:00", 7), ("2026-10-25 01:00", 9)])
def test_a_night_with_a_change_of_the_clock_is_an_hour_shorter_or_longer(night: str, hours: int):
    begin, end = shift_at(datetime.fromisoformat(night).astimezone(), shift_starts(THREE))
    assert (end.timestamp() - begin.timestamp()) / 3600 == hours


def test_one_shift_a_day_is_a_day():
    begin, end = shift_at(datetime.fromisoformat("2026-01-15T12:00+00:00"), shift_starts(["00:00", "00:00"]))
    assert (end - begin).total_seconds() == 86400


@pytest.mark.parametrize(
    "starts", [(), ("24:00",), ("6:00",), ("06:60",), ("06:00", "noon"), ("06:10",), ("06:00:00.5",)]
)
def test_what_is_no_time_is_refused(starts: tuple[str, ...]):
    with pytest.raises(FlawflowError, match="--shift"):
        shift_starts(starts)
