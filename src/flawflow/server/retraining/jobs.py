"""Trainings: started, monitored, stopped, and resumed after a restart of the station."""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flawflow.errors import FlawflowError
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.retraining.job import Job, Kind, next_number, read_jobs, write_job
from flawflow.server.retraining.plan import Plan
from flawflow.server.retraining.process import OnStep, StoppedError, Training
from flawflow.server.retraining.unfinished import forget, take_over

# Training is nine tenths of a job, comparing the rest.
_TRAINING_SHARE = 0.9
_SECONDS_BETWEEN_EVENTS = 0.5

OnShare = Callable[[float], None]
"""Called with how much of a finish is done, from 0 to 1."""

Finish = Callable[[Job, Path, OnShare], dict[str, Any] | None]
"""Takes what was trained and gives the job's result; called again where the station ended in it."""


class Jobs:
    """The jobs of a station, one at a time. Each has a folder with `job.json`, its log and its output.

    A job that runs when the station ends, in whatever way, continues at the next start from where its
    training last saved its work.
    """

    def __init__(
        self, folder: Path, *, finish: Mapping[Kind, Finish], publish: Callable[[dict[str, Any]], None]
    ) -> None:
        """Read what is known of earlier jobs; nothing runs before `start`.

        Args:
            folder: Where jobs are kept.
            finish: Takes what was trained, by the kind of a job.
            publish: Told of every change, as an event.
        """
        self._folder, self._finishes, self._publish = folder, finish, publish
        self._lock = threading.Lock()
        self._jobs = {job.id: job for job in read_jobs(folder)}
        self._training: Training | None = None
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._told = 0.0

    def start(self) -> None:
        """Resume the training that was running when the station ended; other work has to be started again."""
        for job in self.all():
            if job.state == "running" and job.plan is None:
                self._change(
                    job.id, state="failed", stage="Failed", error="the station ended: start it again"
                )
            elif job.state == "running":
                self._begin(job)

    def all(self) -> list[Job]:
        """Give all jobs, the newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: -job.id)

    def get(self, number: int) -> Job:
        """Give a job.

        Raises:
            NotFoundError: There is none of this id.
        """
        with self._lock:
            if number not in self._jobs:
                raise NotFoundError(f"there is no job {number}")
            return self._jobs[number]

    def newest(self, kind: Kind, model: str) -> Job | None:
        """Give the newest job of a kind for a model; None where there is none."""
        return next((job for job in self.all() if (job.kind, job.model) == (kind, model)), None)

    def begin(self, kind: Kind, model: str, dataset: int | None, plan: Callable[[Path], Plan]) -> Job:
        """Start a training.

        Args:
            kind: What it is.
            model: The model's name.
            dataset: The data set's version.
            plan: Plans the training of a model file, and refuses what cannot be trained.

        Raises:
            ConflictError: A training runs already.
        """
        with self._lock:
            number = self._free_number()
            planned = plan(self._folder / str(number) / f"{model}.flaw")
            job = Job(id=number, kind=kind, model=model, dataset=dataset, plan=planned)
            self._jobs[number] = job
            write_job(self._folder, job)
            take_over(job, self._jobs.values())
        self._begin(job)
        return job

    def add(self, kind: Kind, model: str, work: Callable[[Path, OnStep], dict[str, Any]]) -> Job:
        """Start other work for a model, which does not outlive the station.

        Args:
            kind: What it is.
            model: For which model.
            work: Takes a file to write to and where to tell its steps; gives the job's result.

        Raises:
            ConflictError: A job runs already.
        """
        with self._lock:
            job = Job(id=self._free_number(), kind=kind, model=model)
            self._jobs[job.id], self._training = job, None
            write_job(self._folder, job)
        output = self._folder / str(job.id) / f"{model}.flaw"
        self._start(job, self._run_other, functools.partial(work, output))
        return job

    def _free_number(self) -> int:
        if any(job.state == "running" for job in self._jobs.values()):
            raise ConflictError("a training runs already: wait for its end, or cancel it")
        return next_number(self._folder)

    def cancel(self, number: int) -> Job:
        """Stop a job; one that has ended stays as it is."""
        self.get(number)
        if self._change(number, state="cancelled", stage="Cancelled"):
            training = self._training
            if training is not None:
                training.stop()
        return self.get(number)

    def forget(self, kind: Kind, model: str) -> None:
        """Remove what stopped and failed jobs of a model have learned."""
        job = self.newest(kind, model)
        if job is not None and job.state != "running":
            forget(job, self.all())

    def close(self) -> None:
        """Stop what runs; it continues at the next start."""
        self._is_closing = True
        if self._training is not None:
            self._training.stop()
        if self._thread is not None:
            self._thread.join()

    def _begin(self, job: Job) -> None:
        assert job.plan is not None
        log = self._folder / str(job.id) / "log.txt"
        self._training = Training(job.plan, log)
        self._start(job, self._run, self._training)

    def _start(self, job: Job, run: Callable[[Job, Any], None], what: Any) -> None:
        self._thread = threading.Thread(target=run, args=(job, what), name="flawflow-job", daemon=True)
        self._thread.start()
        self._tell(job)

    def _run(self, job: Job, training: Training) -> None:
        with self._reported(job):
            output = training.run(lambda stage, share: self._step(job.id, stage, _TRAINING_SHARE * share))
            result = self._finish(job, output)
            forget(job, self.all())
            self._change(job.id, state="done", progress=1.0, stage="Done", result=result)
            output.unlink(missing_ok=True)  # it was copied
        # A training that failed, as by a full disk, is resumed by the next one of the same plan.
        if self.get(job.id).state == "cancelled" and not job.keeps_work:
            forget(job, self.all())

    def _run_other(self, job: Job, work: Callable[[OnStep], dict[str, Any]]) -> None:
        with self._reported(job):
            result = work(functools.partial(self._step, job.id))
            self._change(job.id, state="done", progress=1.0, stage="Done", result=result)

    @contextlib.contextmanager
    def _reported(self, job: Job) -> Iterator[None]:
        """Note in the job how its work failed."""
        try:
            yield
        except StoppedError:
            pass  # Cancelled, and then it is noted already; or the station ends.
        except FlawflowError as error:
            self._fail(job, str(error))
        except Exception as error:  # Nobody waits for this thread: what happened must be seen in the job.
            self._fail(job, f"{type(error).__name__}: {error}")

    def _finish(self, job: Job, output: Path) -> dict[str, Any] | None:
        def step(share: float) -> None:
            self._step(job.id, "Comparing", _TRAINING_SHARE + (1 - _TRAINING_SHARE) * share)

        return self._finishes[job.kind](job, output, step)

    def _step(self, number: int, stage: str, progress: float) -> None:
        if self._is_closing or self.get(number).state != "running":
            raise StoppedError("the job was stopped")
        with self._lock:
            job = self._jobs[number] = replace(self._jobs[number], stage=stage, progress=round(progress, 4))
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN_EVENTS:
            self._told = now
            self._tell(job)

    def _fail(self, job: Job, why: str) -> None:
        if not self._is_closing:
            self._change(job.id, state="failed", stage="Failed", error=why)

    def _change(self, number: int, **changes: Any) -> bool:
        """Change a job that runs; False where it does not any more."""
        with self._lock:
            if self._jobs[number].state != "running":
                return False
            job = self._jobs[number] = replace(self._jobs[number], **changes)
            write_job(self._folder, job)
        self._tell(job)
        return True

    def _tell(self, job: Job) -> None:
        self._publish({"type": "job", "job": job.to_json()})
