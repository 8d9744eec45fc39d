"""What all executors have in common: jobs in, outcomes out, progress on the way."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flawflow.errors import FlawflowError, of_system, one_line
from flawflow.progress import OnProgress, Progress

OnJobProgress = Callable[[str, Progress], None]
"""Receives a job's name and its progress, in the thread that iterates over the outcomes."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A pure piece of work: done twice, it gives the same and leaves the same.

    Attributes:
        name: Unlike that of all others it runs beside.
        work: A function that can be pickled; it receives where to report progress, and what it gives can be
            pickled.
        memory_bytes: About how much memory it takes; 0 where nobody knows.
        cores: Of the processor, at least.
        gpus: How many it needs.
        imports: Modules that it imports, which an executor may import once for all.
    """

    name: str
    work: Callable[[OnProgress], Any]
    memory_bytes: int = 0
    cores: int = 1
    gpus: int = 0
    imports: tuple[str, ...] = ()


class Resources(Protocol):
    """What one of many trainings may take."""

    @property
    def device(self) -> str:
        """Where to train: "auto", "cpu" or "cuda"."""

    @property
    def cores(self) -> int:
        """Of the processor, at least."""

    @property
    def gpus(self) -> int:
        """How many it needs."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a job.

    Attributes:
        name: The job's.
        value: What its work gave; None where it failed.
        error: The sentence that says why it failed; empty where it did not.
    """

    name: str
    value: Any = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many jobs an executor runs at a time.

    Attributes:
        at_once: The number, at least 1.
        where: Where they run and why not more, as a part of a sentence.
    """

    at_once: int
    where: str


class Executor(Protocol):
    """Runs jobs.

    Made as `load_executor` says. A job that fails stops no other. One whose process or machine is lost is
    begun again, a few times. Jobs keep their unfinished work themselves, where the next try finds it.
    """

    def capacity(self, jobs: Sequence[Job]) -> Capacity:
        """Say how many of these jobs run at a time; nothing begins.

        Raises:
            ExecutorError: It cannot run jobs as these.
        """
        ...

    def run(self, jobs: Sequence[Job], on_progress: OnJobProgress) -> Generator[Outcome, None, None]:
        """Run jobs of different names.

        Yields:
            One outcome for each job, as they end. Closing the iterator, an error or Ctrl-C ends all that
            runs, within seconds.

        Raises:
            ExecutorError: It cannot run any more.
        """
        ...


def run_job(job: Job, on_progress: OnProgress) -> Outcome:
    """Do a job's work where it runs; what goes wrong is a sentence."""
    try:
        return Outcome(name=job.name, value=job.work(on_progress))
    except FlawflowError as error:
        return Outcome(name=job.name, error=str(error))
    except OSError as error:
        return Outcome(name=job.name, error=one_line(of_system(error)))
    except Exception as error:
        sentence = f"an unexpected error: {type(error).__name__}: {error}"
        return Outcome(name=job.name, error=one_line(sentence))
