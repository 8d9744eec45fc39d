import threading

import pytest
import torch

from flawflow.progress import Progress
from flawflow.training.parallel import StoppedError, Tally, run_together

CPU = torch.device("cpu")


def test_results_come_in_order_and_every_job_has_one_thread() -> None:
    before = torch.get_num_threads()
    tally = Tally("work", 0, lambda progress: None)
    results = run_together([lambda n=n: (n, torch.get_num_threads()) for n in range(5)], tally, CPU)
    assert results == [(n, 1) for n in range(5)]
    assert torch.get_num_threads() == before


def test_progress_adds_up_over_threads() -> None:
    seen: list[Progress] = []
    tally = Tally("work", 60, seen.append)

    def job() -> None:
        for _ in range(20):
            tally.add(1)

    run_together([job] * 3, tally, CPU)
    assert [progress.done for progress in seen] == list(range(1, 61))
    assert {progress.total for progress in seen} == {60}


def test_the_first_error_ends_the_others() -> None:
    tally = Tally("work", 0, lambda progress: None)
    both = threading.Barrier(2, timeout=30)
    ended = threading.Event()

    def endless() -> None:
        both.wait()
        try:
            while True:
                tally.add(1)
        except StoppedError:
            ended.set()
            raise

    def failing() -> None:
        both.wait()
        raise ValueError("a bad scale")

    with pytest.raises(ValueError, match="a bad scale"):
        run_together([endless, failing], tally, CPU)
    assert ended.is_set()


def test_an_interruption_in_the_progress_reaches_the_caller() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done >= 3:
            raise KeyboardInterrupt

    tally = Tally("work", 0, interrupt)

    def endless() -> None:
        while True:
            tally.add(1)

    with pytest.raises(KeyboardInterrupt):
        run_together([endless, endless], tally, CPU)
