"""Successors of models: how their trainings are planned, and what becomes of what was trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flawflow.model_file import read_model
from flawflow.server.errors import ConflictError
from flawflow.server.models import Registry
from flawflow.server.retraining.compare import compare, give_rates_of
from flawflow.server.retraining.datasets import Datasets
from flawflow.server.retraining.job import Job
from flawflow.server.retraining.jobs import OnShare
from flawflow.server.retraining.plan import Plan


class Successors:
    """Plans and takes the successors of a station's models."""

    def __init__(self, registry: Registry, datasets: Datasets) -> None:
        """Take the models, and what is trained on."""
        self._registry, self._datasets = registry, datasets

    def plan(
        self, model: str, dataset: int, preset: str, settings: Sequence[str] = (), *, output: Path
    ) -> Plan:
        """Plan a training of a model's successor; see `Plan.like`.

        Raises:
            NotFoundError: There is no such model or data set.
            ConflictError: A setting does not fit.
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

    def plan_here(
        self, model: str, dataset: int, preset: str, settings: Sequence[str], *, output: Path
    ) -> Plan:
        """Plan a training that is to run here; see `plan`.

        Raises:
            ConflictError: The data set is another model's, or the encoder's weights are of a file that is not
                here, too.
        """
        if self._datasets.get(dataset).model != model:
            raise ConflictError(f"data set {dataset} is of another model than {model}: make one of {model}")
        plan = self.plan(model, dataset, preset, settings, output=output)
        return plan.with_weights_of(self._registry.get(model).card.encoder)

    def finish(self, job: Job, output: Path, on_share: OnShare) -> dict[str, Any]:
        """Take a model as a new version and compare it with the one that inspects now; see `Finish`."""
        assert job.dataset is not None
        old = self._registry.get(job.model).inspector
        new = give_rates_of(old, output)
        sha256 = read_model(output).sha256
        known = [each.version for each in self._registry.versions(job.model) if each.sha256 == sha256]
        # Known already where the station ended between here and the end of the job.
        version = known[-1] if known else self._registry.add_version(job.model, output)
        data = self._datasets.get(job.dataset)
        found = compare(data, old, new, progress=lambda done, total: on_share(done / total))
        return {"version": version, "comparison": found}
