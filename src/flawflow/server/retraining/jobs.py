"""Trainings: started, monitored, stopped, and resumed after a restart of the station."""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flawflow.errors import FlawflowError
from flawflow.model_file import read_model
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.models import Registry
from flawflow.server.retraining.compare import compare, give_rates_of
from flawflow.server.retraining.datasets import Datasets
from flawflow.server.retraining.job import Job, next_number, read_jobs, write_job
from flawflow.server.retraining.plan import Plan
from flawflow.server.retraining.process import OnStep, StoppedError, Training
from flawflow.server.retraining.unfinished import forget, take_over

# Training is nine tenths of a job, comparing the rest.
_TRAINING_SHARE = 0.9
_SECONDS_BETWEEN_EVENTS = 0.5


class Jobs:
    """The jobs of a station, one at a time. Each has a folder with `job.json`, its log and its output.

    A job that runs when the station ends, in whatever way, continues at the next start from where its
    training last saved its work.
    """

    def __init__(
        self,
        folder: Path,
        *,
        registry: Registry,
        datasets: Datasets,
        publish: Callable[[dict[str, Any]], None],
    ) -> None:
        """Read what is known of earlier jobs; nothing runs before `start`.

        Args:
            folder: Where jobs are kept.
            registry: Takes the new models.
            datasets: What is trained on.
            publish: Told of every change, as an event.
        """
        self._folder, self._registry, self._datasets = folder, registry, datasets
        self._publish = publish
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

    def plan(
        self, model: str, dataset: int, preset: str, settings: Sequence[str] = (), *, output: Path
    ) -> Plan:
        """Plan a training of a model's successor; see `Plan.like`.

        Raises:
            NotFoundError: There is no such model or data set.
        """
        found = self._registry.get(model)
        return Plan.like(
            found.card,
            model=self._registry.version_path(model, found.version),
            data=self._datasets.get(dataset).path,
            output=output,
            preset=preset,
            settings=settings,
        )

    def retrain(self, model: str, dataset: int, preset: str, settings: Sequence[str] = ()) -> Job:
        """Start a training.

        Raises:
            NotFoundError: There is no such model or data set.
            ConflictError: The data set is another model's, a training runs already, a setting does not fit,
                or the encoder's weights are of a file that is not here.
        """
        if self._datasets.get(dataset).model != model:
            raise ConflictError(f"data set {dataset} is of another model than {model}: make one of {model}")
        with self._lock:
            number = self._free_number()
            output = self._folder / str(number) / f"{model}.flaw"
            plan = self.plan(model, dataset, preset, settings, output=output)
            plan = plan.with_weights_of(self._registry.get(model).card.encoder)
            job = Job(id=number, kind="retrain", model=model, dataset=dataset, plan=plan)
            self._jobs[number] = job
            write_job(self._folder, job)
            take_over(job, self._jobs.values())
        self._begin(job)
        return job

    def add(self, kind: str, model: str, work: Callable[[Path, OnStep], dict[str, Any]]) -> Job:
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
            output.unlink(missing_ok=True)  # the version is a copy of it
        # A training that failed, as by a full disk, is resumed by the next one of the same plan.
        if self.get(job.id).state == "cancelled":
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

    def _finish(self, job: Job, output: Path) -> dict[str, Any]:
        """Take the model as a new version and compare it with the one that inspects now."""
        old = self._registry.get(job.model).inspector
        new = give_rates_of(old, output)
        sha256 = read_model(output).sha256
        known = [each.version for each in self._registry.versions(job.model) if each.sha256 == sha256]
        # Known already where the station ended between here and the end of the job.
        version = known[-1] if known else self._registry.add_version(job.model, output)
        assert job.dataset is not None
        found = compare(
            self._datasets.get(job.dataset),
            old,
            new,
            progress=lambda done, total: self._step(
                job.id, "Comparing", _TRAINING_SHARE + (1 - _TRAINING_SHARE) * done / total
            ),
        )
        return {"version": version, "comparison": found}

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
