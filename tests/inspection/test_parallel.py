import itertools
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.inspection.parallel import default_workers, in_order, threads_a_worker, threads_of


@given(st.lists(st.integers(0, 9)), st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(items, workers):
    assert list(in_order(lambda item: item * 2, items, workers=workers)) == [item * 2 for item in items]


def test_order_holds_when_later_items_are_done_earlier():
    def slow_when_even(item):
        time.sleep(0.005 * (item % 2 == 0))
        return item

    assert list(in_order(slow_when_even, range(12), workers=4)) == list(range(12))


@pytest.mark.parametrize("workers", [1, 3])
def test_look_ahead_is_bounded_on_an_endless_source(workers):
    taken = []

    def source():
        for item in itertools.count():
            taken.append(item)
            yield item

    results = in_order(lambda item: item, source(), workers=workers)
    for index in range(50):
        assert next(results) == index
        assert len(taken) <= index + 1 + workers
    results.close()


def test_with_a_slow_source_a_result_waits_for_one_item_at_most():
    given_ = []

    def source():
        for item in range(5):
            yield item
            time.sleep(0.02)  # the camera: by now the item before is long done
            assert len(given_) >= item  # all results but the last

    for result in in_order(lambda item: item, source(), workers=4):
        given_.append(result)
    assert given_ == list(range(5))


def test_work_is_done_side_by_side():
    meeting = threading.Barrier(2, timeout=10)
    assert list(in_order(lambda _: meeting.wait() >= 0, range(2), workers=2)) == [True, True]


def workers_alive():
    return [thread for thread in threading.enumerate() if thread.name.startswith("flawflow")]


def all_end():
    """Whether threads that have nothing to do any more end by themselves."""
    for thread in workers_alive():
        thread.join(10)
    return not workers_alive()


def test_closing_ends_the_workers_and_drops_what_has_not_begun():
    begun = []
    hold = threading.Event()

    def work(item):
        begun.append(item)
        if item:
            hold.wait(10)
        return item

    results = in_order(work, range(100), workers=2)
    assert next(results) == 0
    assert workers_alive()
    threading.Timer(0.05, hold.set).start()
    results.close()
    assert all_end()
    assert len(begun) <= 4


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_ends_the_workers(error):
    def work(item):
        if item == 3:
            raise error
        return item

    results = in_order(work, itertools.count(), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(error):
        next(results)
    assert all_end()


def test_an_error_of_the_source_ends_the_workers():
    def source():
        yield 1
        raise OSError("the camera is gone")

    with pytest.raises(OSError, match="camera"):
        list(in_order(lambda item: item, source(), workers=2))
    assert all_end()


def test_no_workers_are_refused_at_once():
    with pytest.raises(ValueError, match="workers"):
        in_order(str, [], workers=0)


def test_default_workers():
    assert 2 <= default_workers() <= 8


@pytest.mark.parametrize(("cores", "workers", "threads"), [(1, 2, 1), (2, 2, 1), (8, 8, 1), (20, 8, 2)])
def test_workers_and_their_threads_share_the_cores(monkeypatch, cores, workers, threads):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert (default_workers(), threads_a_worker()) == (workers, threads)
    assert (threads_of("onnxruntime"), threads_of("openvino")) == (threads, None)


def test_an_iterator_ends_wherever_it_is_collected():
    """Even in a thread that is just being started, which keeps all others from ending."""
    lock = getattr(threading, "_shutdown_locks_lock", None)
    if lock is None:
        pytest.skip("this Python has no such lock")
    results = in_order(lambda item: item, range(8), workers=2)
    next(results)

    def collect():
        with lock:
            results.close()

    collecting = threading.Thread(target=collect, daemon=True)
    collecting.start()
    collecting.join(10)
    assert not collecting.is_alive()
