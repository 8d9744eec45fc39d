"""Independent pieces of work side by side, each on one core.

Scales learn independently. One thread each is faster than all cores on one scale after the other: the
steps are small, and on a busy machine cores that wait for each other at every step cost many times the
work. It also makes the result independent of the number of cores.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

import torch

from flawflow.progress import OnProgress, Progress

T = TypeVar("T")


class StoppedError(Exception):
    """Another piece of work failed, or was interrupted: this one ends too."""


class ProgressCounter:
    """Counts the steps of all pieces of work and tells of the progress, one thread at a time."""

    def __init__(self, stage: str, total: int, on_progress: OnProgress) -> None:
        self._stage = stage
        self._total = total
        self._on_progress = on_progress
        self._done = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def add(self, steps: int, note: str = "") -> None:
        """Count steps that are done.

        Raises:
            StoppedError: The work shall end.
        """
        if self._stop.is_set():
            raise StoppedError
        with self._lock:
            self._done += steps
            self._on_progress(Progress(self._stage, self._done, self._total, note))

    def stop(self) -> None:
        """End all work at its next step."""
        self._stop.set()


def run_parallel(
    jobs: Sequence[Callable[[], T]], progress_counter: ProgressCounter, device: torch.device
) -> list[T]:
    """Run pieces of work, and give their results in order; the first error ends all.

    On a GPU they run one after the other.
    """
    if device.type != "cpu":
        return [job() for job in jobs]
    workers = min(len(jobs), os.cpu_count() or 1)
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    with _one_core_each(), pool:
        running = [pool.submit(job) for job in jobs]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
            for failure in (job.exception() for job in running if job.done()):
                if failure is not None:
                    raise failure
        except BaseException:
            progress_counter.stop()
            for job in running:
                job.cancel()
            raise
        return [job.result() for job in running]


@contextmanager
def _one_core_each() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
