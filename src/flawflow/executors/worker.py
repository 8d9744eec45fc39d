"""One job in a process, or on a machine, of its own."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NoReturn

from flawflow.executors.contract import Job, run_job
from flawflow.progress import OnProgress, Progress

# Reports of one stage come no more often than this.
_SECONDS_BETWEEN_REPORTS = 0.2


def serve_job(connection: Connection, job: Job, threads: int, gpu: str | None) -> None:
    """Do a job in a process of its own and send its progress, then its outcome.

    Where the other end is gone, the work ends at its next report.

    Args:
        connection: Sends `Progress` and an `Outcome`.
        job: The job.
        threads: Cores that it may use.
        gpu: The GPU that it may use, as CUDA names it; None for all that the process has.
    """
    # Ctrl-C reaches the whole group of processes; the one that began this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    use_threads(threads)
    outcome = run_job(job, seldom(connection.send))
    with suppress(BrokenPipeError):
        connection.send(outcome)
    connection.close()


def seldom(send: Callable[[Progress], Any]) -> OnProgress:
    """Report no more often than a person reads; the first report of each stage at once."""
    last, stage = 0.0, ""

    def report(step: Progress) -> None:
        nonlocal last, stage
        now = time.monotonic()
        if step.stage != stage or now - last >= _SECONDS_BETWEEN_REPORTS:
            last, stage = now, step.stage
            send(step)

    return report


def use_threads(count: int) -> None:
    """Let torch compute on so many cores, whether it is imported already or will be."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    # Files that are half written are removed on the way out.
    sys.exit(128 + signal.SIGTERM)
