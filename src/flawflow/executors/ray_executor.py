"""Jobs on a Ray cluster: one that is there, or one of this machine alone that ends with the command."""

import os
import socket
import warnings
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from flawflow.errors import ExecutorError, one_line
from flawflow.executors.contract import Capacity, Job, OnJobProgress, Outcome, run_job
from flawflow.executors.worker import seldom, use_threads
from flawflow.progress import Progress

# How often a job whose worker or machine was lost is begun again.
_MOST_LOSSES = 3
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_TO_ANSWER = 5.0
_SECONDS_TO_END = 10.0


class RayExecutor:
    """Runs jobs as Ray's tasks, each with its cores, GPUs and memory declared.

    Workers need flawflow, and the paths of data and models must lead to the same files on all machines.
    """

    def __init__(self, *, address: str = "", at_once: int | None = None) -> None:
        """Connect to a cluster, or start one.

        Args:
            address: "ray://host:port" of a cluster; without one, that of RAY_ADDRESS or one that runs on this
                machine, and if there is none, one is started.
            at_once: Most jobs at a time; as many as the cluster has room for where it is not given.

        Raises:
            ExecutorError: There is no cluster at the address, or none can be started.
        """
        self._at_once = at_once
        place = address or os.environ.get("RAY_ADDRESS", "")
        try:
            _knock(place)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ray.init(
                    address or None, ignore_reinit_error=True, include_dashboard=None if place else False,
                    log_to_driver=False, logging_level="error",
                )  # fmt: skip
        except (RayError, RuntimeError, ValueError, ImportError, OSError) as error:
            where = f"answers at {place}: check the address and its token" if place else "can be started here"
            raise ExecutorError(f"No Ray cluster {where} ({one_line(str(error))[:300]}).") from None

    def capacity(self, jobs: Sequence[Job]) -> Capacity:
        """See `Executor.capacity`."""
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        need = {
            "CPU": max((job.cores for job in jobs), default=1),
            "GPU": max((job.gpus for job in jobs), default=0),
            "memory": max((job.memory_bytes for job in jobs), default=0),
        }
        room = sum(
            min(int(has.get(name, 0) // amount) for name, amount in need.items() if amount)
            for has in machines
        )
        cores, gpus = (int(sum(has.get(name, 0) for has in machines)) for name in ("CPU", "GPU"))
        has = f"{len(machines)} machine{'s' * (len(machines) > 1)}, {cores} cores, {gpus} GPUs"
        if not room:
            raise ExecutorError(
                f"No machine of the Ray cluster ({has}) has the {need['CPU']} cores, {need['GPU']} GPUs and "
                f"{need['memory'] / 2**30:.1f} GiB of memory that a job needs: add one, or ask for less."
            )
        at_once = max(min(len(jobs), room, self._at_once or room), 1)
        return Capacity(at_once=at_once, where=f"{at_once} at a time on a Ray cluster ({has})")

    def run(self, jobs: Sequence[Job], on_progress: OnJobProgress) -> Generator[Outcome, None, None]:
        """See `Executor.run`."""
        at_once = self.capacity(jobs).at_once
        board = _Board.options(num_cpus=0).remote()  # type: ignore[attr-defined]
        waiting, running = deque(jobs), dict[Any, Job]()
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    job = waiting.popleft()
                    running[_submit(job, board)] = job
                ended, _ = ray.wait([*running], timeout=_SECONDS_BETWEEN_LOOKS)
                for name, step in _taken(board).items():
                    on_progress(name, step)
                for reference in ended:
                    yield _outcome(running.pop(reference), reference)
        finally:
            _end([*running])
            ray.kill(board)


@ray.remote
class _Board:
    """Where tasks report progress: the last report of each job is kept until it is taken."""

    def __init__(self) -> None:
        self._last: dict[str, Progress] = {}

    def post(self, name: str, step: Progress) -> None:
        self._last[name] = step

    def take(self) -> dict[str, Progress]:
        last, self._last = self._last, {}
        return last


def _do(job: Job, board: Any, folder: str) -> Outcome:
    # Relative paths mean what they mean to the command.
    with suppress(OSError):
        os.chdir(folder)
    use_threads(job.cores)
    return run_job(job, seldom(lambda step: board.post.remote(job.name, step)))


def _submit(job: Job, board: Any) -> Any:
    task = ray.remote(_do).options(
        name=job.name,
        num_cpus=job.cores,
        num_gpus=job.gpus,
        memory=job.memory_bytes or None,
        max_retries=_MOST_LOSSES,
    )
    return task.remote(job, board, str(Path.cwd()))


def _taken(board: Any) -> dict[str, Progress]:
    try:
        taken: dict[str, Progress] = ray.get(board.take.remote(), timeout=_SECONDS_TO_END)
    except RayError:  # The machine of the board was lost; the jobs do not need it.
        return {}
    return taken


def _outcome(job: Job, reference: Any) -> Outcome:
    try:
        outcome: Outcome = ray.get(reference)
    except RayError as error:
        first = str(error).strip().partition("\n")[0]
        said = f"its worker was lost {1 + _MOST_LOSSES} times ({type(error).__name__}: {first[:300]})."
        return Outcome(name=job.name, error=one_line(said))
    return outcome


def _end(references: list[Any]) -> None:
    """Interrupt tasks, so that they remove files that are half written; then end what has not ended."""
    for force in (False, True):
        for reference in references:
            with suppress(RayError, ValueError):
                ray.cancel(reference, force=force)
        if references:
            _, references = ray.wait(references, num_returns=len(references), timeout=_SECONDS_TO_END)


def _knock(address: str) -> None:
    """Raise at once where nobody listens: Ray would try for minutes."""
    host, _, port = address.rpartition("://")[2].partition(":")
    if port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER).close()
