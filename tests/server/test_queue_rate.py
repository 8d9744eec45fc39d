import pytest

from flawflow.server.queue_rate import QueueRate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_steady_queue_takes_its_count_times_its_pace(clock):
    pace = QueueRate(clock=clock)
    pace.begin()
    for _ in range(200):
        clock.now += 0.5
        pace.leave()
    assert pace.seconds(64) == 32
    assert pace.seconds(1) == pace.seconds(0) == 1


def test_pictures_that_leave_in_groups_are_counted_alike(clock):
    pace = QueueRate(clock=clock)
    pace.begin()
    for _ in range(50):
        clock.now += 4
        for _ in range(8):
            pace.leave()
    assert 28 <= pace.seconds(64) <= 36


def test_a_slow_model_is_noticed_before_its_first_picture_is_done(clock):
    pace = QueueRate(clock=clock)
    pace.begin()
    clock.now += 3
    assert 64 <= pace.seconds(64) <= 192
    clock.now += 2
    pace.leave()
    assert 256 <= pace.seconds(64) <= 320


def test_a_disk_that_stands_still_makes_the_wait_longer(clock):
    pace = QueueRate(clock=clock)
    pace.begin()
    for _ in range(200):
        clock.now += 0.01
        pace.leave()
    before = pace.seconds(64)
    clock.now += 20
    assert pace.seconds(64) > 10 * before
    clock.now += 1e9
    assert pace.seconds(64) == 600


def test_an_empty_queue_says_nothing_of_the_pace(clock):
    pace = QueueRate(clock=clock)
    for _ in range(100):
        pace.begin()
        clock.now += 0.1
        pace.leave()
        clock.now += 100
    pace.begin()
    assert pace.seconds(64) == 7
