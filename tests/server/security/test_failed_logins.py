import pytest

from flawflow.server.security import failed_logins
from flawflow.server.security.failed_logins import FailedLogins


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_some_are_free_and_the_others_come_one_after_the_other(clock):
    made = FailedLogins(clock=clock)
    waits = []
    for _ in range(8):
        waits.append(made.wait("a"))
        made.take("a")
    assert waits == pytest.approx([0, 0, 0, 0, 0, 0.25, 0.5, 0.75])
    assert made.wait("b") == 0
    clock.now += 1000
    assert made.wait("a") == 0


def test_in_the_long_run_the_rate_holds(clock):
    made, count = FailedLogins(clock=clock), 0
    for _ in range(10_000):
        clock.now += 0.01
        if made.wait("a") == 0:
            made.take("a")
            count += 1
    assert count == pytest.approx(100 * failed_logins._TRIES_PER_SECOND + failed_logins._BURST_TRIES, abs=2)


def test_who_knows_the_token_never_waits(clock):
    made = FailedLogins(clock=clock)
    for _ in range(100):
        made.take("a")
    assert made.wait("a") > 20
    made.was_right("a")
    assert made.wait("a") == 0
    made.take("a")
    assert made.wait("a") == 0


def test_many_addresses_take_no_more_memory(clock, monkeypatch):
    monkeypatch.setattr(failed_logins, "_MAX_CLIENTS", 10)
    made = FailedLogins(clock=clock)
    for number in range(100):
        made.take(str(number))
        made.was_right(f"right {number}")
    assert len(made._paid) == len(made._known) == 10
