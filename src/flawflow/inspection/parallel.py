"""Many pictures, side by side and in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], items: Iterable[T], *, workers: int | None = None) -> Iterator[R]:
    """Apply a function to items in threads and give the results in the items' order.

    While one picture is inferred the next are decoded. At most `workers` items are taken beyond the
    one whose result is given, so memory stays flat however many there are. Where the source is slower
    than the work (a camera), each result is given when the next item comes, at the latest.

    Args:
        function: What to do with each item; called from several threads at once.
        items: Taken lazily, in the thread that iterates.
        workers: Threads; by default one a core, between 2 and 8.

    Yields:
        One result an item. Closing the iterator, an error or Ctrl-C cancels what has not begun and
        waits for what has.

    Raises:
        ValueError: When `workers` is less than 1.
    """
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise ValueError(f"workers must be 1 or more; got {workers}")
    return _in_order(function, items, workers)


def default_workers() -> int:
    """One thread a core that this process may use, between 2 (to overlap at all) and 8 (memory)."""
    return min(max(cores(), 2), 8)


def threads_a_worker() -> int:
    """An engine's threads for each of `default_workers`: all cores are busy, and none has two tasks."""
    return max(cores() // default_workers(), 1)


def threads_of(engine: str) -> int | None:
    """Threads for one picture where several are inspected side by side, which the cores gain more from.

    OpenVINO's threads serve all callers: it is not told.
    """
    return threads_a_worker() if engine.partition(":")[0] == "onnxruntime" else None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_order(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="flawflow")
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            while pending and (len(pending) > workers or pending[0].done()):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        # For the work and not for the threads: an iterator that was left to the garbage collection ends
        # wherever that happens, even in a thread that is being started, and a join there waits for ever.
        pool.shutdown(wait=False, cancel_futures=True)
        wait([future for future in pending if not future.cancelled()])
