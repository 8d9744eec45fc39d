"""Jobs in processes of this machine, one process each: a job that fails, or takes all memory, ends alone."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from flawflow.errors import ExecutorError
from flawflow.executors.contract import Capacity, Job, OnJobProgress, Outcome
from flawflow.executors.machine import cores, free_memory, gpus
from flawflow.executors.worker import serve_job
from flawflow.progress import Progress

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext, SpawnContext

# How often a job whose process was lost is begun again.
_MOST_LOSSES = 2
# Of the free memory this share is given away: other programs live here, too.
_MEMORY_SHARE = 0.8
_SECONDS_TO_END = 10.0
_GIB = 2**30


@dataclass(frozen=True)
class _Running:
    job: Job
    process: BaseProcess
    slot: int


class LocalExecutor:
    """Runs as many jobs at a time as cores and memory allow."""

    def __init__(self, *, address: str = "", at_once: int | None = None) -> None:
        """Make one; no process begins.

        Raises:
            ExecutorError: An address is given.
        """
        if address:
            raise ExecutorError(f"--on local is this machine and takes no address: leave out {address!r}.")
        self._at_once = at_once

    def capacity(self, jobs: Sequence[Job]) -> Capacity:
        """See `Executor.capacity`."""
        usable, memory = cores(), free_memory()
        each = max((job.memory_bytes for job in jobs), default=0)
        said = f"{usable} core{'s' if usable > 1 else ''}"
        limits = [len(jobs), usable // max((job.cores for job in jobs), default=1)]
        if each and memory is not None:
            limits.append(int(_MEMORY_SHARE * memory) // each)
            said += f", {memory / _GIB:.1f} GiB of memory free and about {each / _GIB:.1f} GiB for each"
        if any(job.gpus for job in jobs):
            limits.append(len(gpus()))
            said += f", {len(gpus())} GPU{'s' if len(gpus()) > 1 else ''}"
        at_once = max(min(len(jobs), self._at_once or min(limits)), 1)
        return Capacity(at_once=at_once, where=f"{at_once} at a time on this machine ({said})")

    def run(self, jobs: Sequence[Job], on_progress: OnJobProgress) -> Generator[Outcome, None, None]:
        """See `Executor.run`."""
        slots = deque(range(self.capacity(jobs).at_once))
        threads = max(cores() // len(slots), 1)
        waiting, losses = deque(jobs), dict.fromkeys((job.name for job in jobs), 0)
        running: dict[Any, _Running] = {}
        context = _context(jobs)
        try:
            while waiting or running:
                while waiting and slots:
                    started = _start(context, waiting.popleft(), slots.popleft(), threads)
                    running[started[0]] = started[1]
                for connection in wait([*running]):
                    one = running[connection]
                    message = _received(connection)
                    if isinstance(message, Progress):
                        on_progress(one.job.name, message)
                        continue
                    del running[connection]
                    slots.append(one.slot)
                    _join(one.process)
                    if message is None and losses[one.job.name] < _MOST_LOSSES:
                        losses[one.job.name] += 1
                        waiting.append(one.job)
                        continue
                    yield message or _lost(one, losses[one.job.name])
        finally:
            _end(running)


def _context(jobs: Sequence[Job]) -> "ForkServerContext | SpawnContext":
    """Processes that share nothing with this one, whose threads a plain fork would not survive."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*dict.fromkeys(name for job in jobs for name in job.imports)])
    return context


def _start(
    context: "ForkServerContext | SpawnContext",
    job: Job,
    slot: int,
    threads: int,
) -> "tuple[Connection, _Running]":
    here, there = context.Pipe(duplex=False)
    gpu = gpus()[slot % len(gpus())] if job.gpus and gpus() else None
    process = context.Process(target=serve_job, args=(there, job, threads, gpu), daemon=True)
    process.start()
    # The other end is the process's alone: when it dies, this end is told.
    there.close()
    return here, _Running(job, process, slot)


def _received(connection: Any) -> Progress | Outcome | None:
    """What a process sent; None where it is gone."""
    try:
        message: Progress | Outcome = connection.recv()
    except (EOFError, OSError):
        connection.close()
        return None
    if isinstance(message, Outcome):
        connection.close()
    return message


def _lost(one: _Running, losses: int) -> Outcome:
    code = one.process.exitcode or 0
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    why = (
        ", as when memory runs out: fewer at a time need less"
        if -code == getattr(signal, "SIGKILL", 9)
        else ""
    )
    return Outcome(name=one.job.name, error=f"its process was {how}{why} ({1 + losses} times).")


def _end(running: dict[Any, _Running]) -> None:
    for connection, one in running.items():
        one.process.terminate()
        connection.close()
    for one in running.values():
        _join(one.process)


def _join(process: BaseProcess) -> None:
    process.join(_SECONDS_TO_END)
    if process.is_alive():
        process.kill()
        process.join()
