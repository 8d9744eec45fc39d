"""What trainings that did not end leave: taken over by the next one of the same plan, or removed."""

import glob
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from flawflow.server.retraining.job import Job
from flawflow.server.retraining.plan import Plan
from flawflow.storage.files import beside


def take_over(job: Job, others: Iterable[Job]) -> None:
    """Resume what the last failed or stopped job of the same plan has learned, if anything is there."""
    if job.plan is None:
        return
    for other in sorted(others, key=lambda other: -other.id):
        if not may_resume(other) or other.plan is None:
            continue
        work = _work_of(other.plan)
        if replace(other.plan, output=job.plan.output) == job.plan and work.is_dir():
            work.rename(_work_of(job.plan))
            return


def forget(job: Job, others: Iterable[Job]) -> None:
    """Remove what is of no further use once a model is there or a training was cancelled."""
    for other in others:
        is_over = other.id == job.id or (other.model == job.model and may_resume(other))
        if is_over and other.plan is not None:
            work = _work_of(other.plan)
            for folder in (work, *work.parent.glob(f"{glob.escape(work.name)}-*")):
                shutil.rmtree(folder, ignore_errors=True)


def may_resume(job: Job) -> bool:
    """Whether the next job of the same plan resumes what this one has learned."""
    return job.state == "failed" or (job.state == "cancelled" and job.keeps_work)


def _work_of(plan: Plan) -> Path:
    return beside(Path(plan.output), ".training")
