"""A job, and its file."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from flawflow.errors import one_line
from flawflow.server.retraining.plan import Plan
from flawflow.storage.files import write_whole
from flawflow.typed import completed, parse

State = Literal["running", "done", "failed", "cancelled"]

Kind = Literal["retrain", "learn", "adapt"]
"""A model's successor from a data set, a product from its draft, or a model brought to another light."""

_ABOUT = "job.json"

_log = logging.getLogger("flawflow.server")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A piece of work that takes longer than an answer may.

    Attributes:
        id: Ascending.
        kind: What it is.
        model: Whose successor is made, or what the new product is called.
        dataset: The data set's version; None where there is none, as for a draft.
        plan: The training; None where the job is none.
        state: How it stands.
        progress: How much is done, from 0 to 1.
        stage: What is being done.
        error: Why it failed, one sentence; else None.
        result: The new `version` and the `comparison`; None before the end, and for a draft.
    """

    id: int
    kind: Kind
    model: str
    dataset: int | None = None
    plan: Plan | None = None
    state: State = "running"
    progress: float = 0.0
    stage: str = "Waiting"
    error: str | None = None
    result: Mapping[str, Any] | None = None

    @property
    def keeps_work(self) -> bool:
        """Whether what was learned is kept when the job is stopped, to be resumed."""
        return self.kind == "learn"

    def to_json(self) -> dict[str, Any]:
        """The job as it is sent."""
        shape = {key: value for key, value in asdict(self).items() if key != "plan"}
        return {**shape, "command": None if self.plan is None else self.plan.command()}


def write_job(folder: Path, job: Job) -> None:
    """Write a job's file into its folder below `folder`."""
    write_whole(folder / str(job.id) / _ABOUT, json.dumps(asdict(job), indent=1))


def next_number(folder: Path) -> int:
    """Give a number that no job has, nor one whose file cannot be read."""
    return max((int(path.name) for path in folder.glob("*") if path.name.isdecimal()), default=0) + 1


def read_jobs(folder: Path) -> Iterator[Job]:
    """Give the jobs whose files are whole; the others are named in the log, and left where they are."""
    for path in sorted(folder.glob(f"*/{_ABOUT}")):
        try:
            yield _read(path)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.error(
                "%s is damaged (%s): restore it from a backup, or remove it", path, one_line(str(error))
            )


def _read(path: Path) -> Job:
    values = json.loads(path.read_text("utf-8"))
    if int(path.parent.name) != values["id"]:
        raise ValueError(f"it is that of job {values['id']}")
    job = parse(
        Job, completed(Job, {**values, "plan": None if values["plan"] is None else Plan.of(values["plan"])})
    )
    assert isinstance(job, Job)
    return job
