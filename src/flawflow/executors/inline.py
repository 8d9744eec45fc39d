"""One job after the other, in this process: to debug, and for what is timed."""

from collections.abc import Generator, Sequence
from functools import partial

from flawflow.errors import ExecutorError
from flawflow.executors.contract import Capacity, Job, OnJobProgress, Outcome, run_job


class InlineExecutor:
    """Runs jobs here and now."""

    def __init__(self, *, address: str = "", at_once: int | None = None) -> None:
        """Make one.

        Raises:
            ExecutorError: An address is given, or more than one job at a time.
        """
        if address or at_once not in (None, 1):
            raise ExecutorError(
                "--on inline runs one job after the other here: it takes no address, and 1 job."
            )

    def capacity(self, jobs: Sequence[Job]) -> Capacity:
        """See `Executor.capacity`."""
        del jobs
        return Capacity(at_once=1, where="one after the other in this process")

    def run(self, jobs: Sequence[Job], on_progress: OnJobProgress) -> Generator[Outcome, None, None]:
        """See `Executor.run`."""
        for job in jobs:
            yield run_job(job, partial(on_progress, job.name))
