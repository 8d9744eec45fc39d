from hypothesis import given
from hypothesis import strategies as st

from flawflow.watch.scan import Seen
from flawflow.watch.stability import StabilityTracker

A, CHANGED = Seen(1, "a.png", 10), Seen(2, "a.png", 20)


def test_a_file_is_settled_when_two_looks_a_pause_apart_saw_the_same():
    stability = StabilityTracker(pause=1.0, give_up=60.0)
    assert stability.settled([A], 0.0) == []
    assert stability.settled([A], 0.9) == []
    assert stability.settled([A], 1.0) == [A]


def test_a_change_begins_the_pause_anew():
    stability = StabilityTracker(pause=1.0, give_up=60.0)
    stability.settled([A], 0.0)
    assert stability.settled([CHANGED], 5.0) == []
    assert stability.settled([CHANGED], 6.0) == [CHANGED]


def test_a_half_written_file_rests_until_it_changes_or_its_time_is_over():
    stability = StabilityTracker(pause=1.0, give_up=60.0)
    stability.settled([A], 0.0)
    stability.settled([A], 1.0)
    stability.half_written(A)
    assert not stability.is_due(A, 59.9)
    assert stability.is_due(CHANGED, 2.0)
    assert stability.is_due(A, 60.0)
    assert stability.is_last_try(A, 60.0)
    assert not stability.is_last_try(CHANGED, 60.0)


def test_the_time_of_a_half_written_file_runs_since_it_was_first_seen_so():
    # On a clock that began long ago, as that of a machine does.
    stability = StabilityTracker(pause=1.0, give_up=60.0)
    stability.settled([A], 5000.0)
    stability.settled([A], 5030.0)
    stability.half_written(A)
    assert not stability.is_last_try(A, 5059.9)
    assert stability.is_last_try(A, 5060.0)
    # A change is a new file with a time of its own.
    stability.settled([CHANGED], 5060.0)
    stability.half_written(CHANGED)
    assert not stability.is_last_try(CHANGED, 5119.9)
    assert stability.is_last_try(CHANGED, 5120.0)


def test_a_file_that_is_done_with_is_let_go():
    stability = StabilityTracker(pause=1.0, give_up=60.0)
    stability.settled([A], 0.0)
    stability.half_written(A)
    stability.forget_gone({"a.png"})
    assert stability.is_half("a.png")
    stability.forget("a.png")
    assert not stability.is_half("a.png")
    stability.forget("a.png")


def test_a_last_try_that_fails_again_does_not_buy_more_time():
    stability = StabilityTracker(pause=1.0, give_up=60.0)
    for now in (0.0, 1.0):
        stability.settled([A], now)
    stability.half_written(A)
    for now in (60.0, 61.0):
        stability.settled([A], now)
    stability.half_written(A)
    assert stability.is_last_try(A, 61.0)


def test_what_is_gone_is_forgotten():
    stability = StabilityTracker(pause=0.0, give_up=60.0)
    stability.settled([A], 0.0)
    stability.half_written(A)
    stability.forget_gone({"other.png"})
    assert not stability.is_half("a.png")
    assert stability.is_due(A, 1.0)


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.integers(0, 2)), max_size=30))
def test_never_settled_before_a_whole_pause_without_change(looks: list[tuple[float, int]]):
    stability, now, unchanged_since, last = StabilityTracker(pause=1.0, give_up=9.0), 0.0, 0.0, None
    for step, size in looks:
        now += step
        seen = Seen(0, "a.png", size)
        if seen != last:
            unchanged_since, last = now, seen
        assert bool(stability.settled([seen], now)) == (now - unchanged_since >= 1.0)
