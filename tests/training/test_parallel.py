import threading

import pytest
import torch

from flawflow.progress import Progress
from flawflow.training.parallel import ProgressCounter, StoppedError, run_parallel

CPU = torch.device("cpu")


def test_results_come_in_order_and_every_job_has_one_thread() -> None:
    before = torch.get_num_threads()
    progress_counter = ProgressCounter("work", 0, lambda progress: None)
    results = run_parallel(
        [lambda n=n: (n, torch.get_num_threads()) for n in range(5)], progress_counter, CPU
    )
    assert results == [(n, 1) for n in range(5)]
    assert torch.get_num_threads() == before


def test_progress_adds_up_over_threads() -> None:
    seen: list[Progress] = []
    progress_counter = ProgressCounter("work", 60, seen.append)

    def job() -> None:
        for _ in range(20):
            progress_counter.add(1)

    run_parallel([job] * 3, progress_counter, CPU)
    assert [progress.done for progress in seen] == list(range(1, 61))
    assert {progress.total for progress in seen} == {60}


def test_the_first_error_ends_the_others() -> None:
    progress_counter = ProgressCounter("work", 0, lambda progress: None)
    both = threading.Barrier(2, timeout=30)
    ended = threading.Event()

    def endless() -> None:
        both.wait()
        try:
            while True:
                progress_counter.add(1)
        except StoppedError:
            ended.set()
            raise

    def failing() -> None:
        both.wait()
        raise ValueError("a bad scale")

    with pytest.raises(ValueError, match="a bad scale"):
        run_parallel([endless, failing], progress_counter, CPU)
    assert ended.is_set()


def test_an_interruption_in_the_progress_reaches_the_caller() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done >= 3:
            raise KeyboardInterrupt

    progress_counter = ProgressCounter("work", 0, interrupt)

    def endless() -> None:
        while True:
            progress_counter.add(1)

    with pytest.raises(KeyboardInterrupt):
        run_parallel([endless, endless], progress_counter, CPU)
