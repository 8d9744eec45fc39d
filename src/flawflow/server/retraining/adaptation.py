"""Adapting a model to another light: offered where drift is certain, done as a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flawflow.inspection.adapt import MIN_IMAGES, Adapted, adapt
from flawflow.inspection.calibrate import Measurement
from flawflow.inspection.inspector import Inspector
from flawflow.model_file import read_model, write_model
from flawflow.progress import Progress
from flawflow.server.db import Filters, InspectionRow
from flawflow.server.db.filters import Label
from flawflow.server.errors import ConflictError
from flawflow.server.models import Model
from flawflow.server.retraining.compare import give_rates_of, measures
from flawflow.server.retraining.job import Job
from flawflow.server.retraining.jobs import Jobs
from flawflow.server.retraining.process import OnStep
from flawflow.server.station import Station

MOST_IMAGES = 30
"""Good pictures that an adaptation takes at most: the newest."""

# What is compared besides; all of a long drift would take long.
_MOST_BAD = 100
_ADAPTING_SHARE = 0.8


@dataclass(frozen=True)
class Offer:
    """What an adaptation could be made of.

    Attributes:
        since: When the drift became certain: pictures from then on are under the new light.
        good: Different pictures of these that people called good and that are kept, `MOST_IMAGES` at most.
        least: How many an adaptation takes.
        most: How many it takes at most.
        obstacle: Why this model cannot be adapted, a sentence; None where it can.
    """

    since: datetime
    good: int
    least: int
    most: int
    obstacle: str | None


class Adaptations:
    """Offers adaptations and makes them."""

    def __init__(self, station: Station, jobs: Jobs) -> None:
        """Take what knows the pictures, and what runs jobs."""
        self._station, self._jobs = station, jobs

    def offer(self, name: str) -> Offer | None:
        """Give what a model could be adapted with; None where no drift is certain.

        Raises:
            NotFoundError: There is no such model.
        """
        model = self._station.registry.get(name)
        began = self._station.inspection_service.drift.of(model).began
        if began is None:
            return None
        good = self._labelled(model, "good", began, MOST_IMAGES)
        return Offer(began, len(good), MIN_IMAGES, MOST_IMAGES, _obstacle(model))

    def start(self, name: str) -> Job:
        """Begin an adaptation by the good pictures since the drift.

        Raises:
            NotFoundError: There is no such model.
            ConflictError: No drift is certain, too few pictures are labelled, the model cannot be adapted, or
                another job runs.
        """
        model = self._station.registry.get(name)
        offer = self.offer(name)
        if offer is None:
            raise ConflictError(f"no change of camera or light is certain for {name}")
        if offer.obstacle is not None:
            raise ConflictError(f"{name} cannot be adapted: {offer.obstacle}")
        if offer.good < MIN_IMAGES:
            raise ConflictError(
                f"an adaptation takes {MIN_IMAGES} pictures that people called good since "
                f"{offer.since:%Y-%m-%d %H:%M} UTC, and there are {offer.good}: label some more"
            )
        good = self._labelled(model, "good", offer.since, MOST_IMAGES)
        bad = self._labelled(model, "bad", offer.since, _MOST_BAD)

        def work(output: Path, on_step: OnStep) -> dict[str, Any]:
            return self._adapt(model, good, bad, output, on_step)

        job = self._jobs.add("adapt", name, work)
        self._station.store.audit.add(
            "job.start",
            f"job/{job.id}",
            new={"kind": "adapt", "model": name, "version": model.version, "good": [row.id for row in good]},
        )
        return job

    def _adapt(
        self,
        model: Model,
        good: Sequence[InspectionRow],
        bad: Sequence[InspectionRow],
        output: Path,
        on_step: OnStep,
    ) -> dict[str, Any]:
        """Make the adapted model a version, and say what it makes of the pictures since the drift."""
        registry, image_store = self._station.registry, self._station.image_store

        def tell(step: Progress) -> None:
            on_step("Adapting", _ADAPTING_SHARE * step.done / max(step.total, 1))

        content = read_model(registry.version_path(model.name, model.version))
        files = {image_store.picture(row.key): row for row in good}
        adapted = adapt(content, list(files), tell)
        write_model(output, adapted.graph, adapted.card)
        new = give_rates_of(model.inspector, output)
        pictures = list(_good(adapted, files, model.inspector, new))
        for done, row in enumerate(bad, start=1):
            _, score = new.measure(image_store.picture(row.key))
            pictures.append(_compared(row, "bad", model.inspector, new, score))
            on_step("Comparing", _ADAPTING_SHARE + (1 - _ADAPTING_SHARE) * done / len(bad))
        version = registry.add_version(model.name, output)
        output.unlink()
        comparison = {
            "count": len(pictures),
            **{which: measures(pictures, which) for which in ("old", "new")},
            "pictures": pictures,
        }
        return {"version": version, "comparison": comparison}

    def _labelled(self, model: Model, label: Label, since: datetime, most: int) -> list[InspectionRow]:
        """The newest kept pictures of a label since a time, each content once."""
        found: dict[str, InspectionRow] = {}
        for page in self._station.store.walk(Filters(model=model.name, label=label, since=since)):
            found.update({row.picture_sha256: row for row in page if row.has_picture})
        return sorted(found.values(), key=lambda row: -row.id)[:most]


def _obstacle(model: Model) -> str | None:
    if model.card.tiles is not None:
        return "it inspects tiles, which an adaptation does not reach; train it again"
    if model.card.light is None:
        return "its file does not know the light of its training pictures; train it again"
    return None


def _good(
    adapted: Adapted, files: dict[Path, InspectionRow], old: Inspector, new: Inspector
) -> Iterator[dict[str, Any]]:
    """The good pictures, each measured by a correction that it had no part in."""
    measured: dict[Path, Measurement] = {each.path: each for each in adapted.measured}
    for path, row in files.items():
        if path in measured:
            yield _compared(row, "good", old, new, measured[path].score)


def _compared(row: InspectionRow, label: str, old: Inspector, new: Inspector, score: float) -> dict[str, Any]:
    judged = {
        which: {"score": value, "verdict": inspector.card.calibration.verdict(value)}
        for which, inspector, value in (("old", old, row.score), ("new", new, score))
    }
    return {"id": row.id, "label": label, **judged}
