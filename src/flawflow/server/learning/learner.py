"""From a draft to a model that inspects: planned, taken, rated, and served."""

import functools
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flawflow.decision.calibration import Calibration
from flawflow.errors import RecipeError
from flawflow.model_file import read_model, replace_card
from flawflow.recipe import Recipe
from flawflow.recipe.text import setting
from flawflow.report.suspects import LIST_NAME, suspects_folder
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.learning.draft import Draft, Learned
from flawflow.server.learning.drafts import Drafts
from flawflow.server.models import Model
from flawflow.server.rates import rated, rates_of
from flawflow.server.retraining.job import Job
from flawflow.server.retraining.jobs import OnShare
from flawflow.server.retraining.plan import Plan
from flawflow.server.retraining.report import read_report
from flawflow.server.security.paths import allowed_path
from flawflow.server.station import Station

# Of a training; see `flawflow.training.split`, which would import torch.
MIN_PICTURES = 8


class Learner:
    """Plans what is learned from drafts, and takes what was."""

    def __init__(self, station: Station, drafts: Drafts) -> None:
        """Take the station, whose models become more, and its drafts."""
        self._station, self._drafts = station, drafts

    def plan(self, draft: Draft, output: Path) -> Plan:
        """Plan the training of a draft's model.

        Raises:
            ConflictError: A setting does not fit.
            RefusedError: The encoder's weights are a file outside the allowed folders.
        """
        folder = self._drafts.folder(draft.name)
        try:
            recipe = functools.reduce(setting, draft.settings, Recipe.of(draft.preset))
        except RecipeError as error:
            raise ConflictError(str(error)) from None
        if recipe.weights not in (None, "random", "hub"):
            weights = allowed_path(str(recipe.weights), self._station.settings.allow)
            recipe = recipe.replace(weights=str(weights))
        # Whatever the settings say: the region is the one that is drawn here.
        roi = str(folder.roi.absolute()) if folder.roi.is_file() else None
        recipe = recipe.replace(roi=roi, ignore=None)
        return Plan(data=str(folder.good.absolute()), output=str(output.absolute()), recipe=recipe)

    def check(self, draft: Draft) -> None:
        """Refuse what cannot be learned from.

        Raises:
            ConflictError: Pictures still come, or are too few.
        """
        if draft.intake is not None and draft.intake.running:
            raise ConflictError("pictures still come: wait for the last one, or stop that")
        count = len(draft.pictures) - len(self._drafts.folder(draft.name).names_left_out())
        if count < MIN_PICTURES:
            raise ConflictError(
                f"{count} good pictures are too few to learn from: take {MIN_PICTURES} or more, better 100"
            )

    def finish(self, job: Job, output: Path, _on_share: OnShare) -> None:
        """Take a model that was learned, with what its training found; see `Finish`."""
        folder = self._drafts.folder(job.model)
        with self._drafts.lock:
            of = self._drafts.content(job.model)
            card = read_model(output).card
            old = self._rates(job.model)
            if old is not None:
                # Learned once more, it judges at the rates that were chosen.
                card = replace(card, calibration=card.calibration.with_rates(**rates_of(old)))
            replace_card(output, folder.model, card)
            shutil.rmtree(folder.suspects, ignore_errors=True)
            if suspects_folder(output).is_dir():
                shutil.copytree(suspects_folder(output), folder.suspects)
            report = read_report(output)
            self._drafts.change(job.model, learned=Learned(job=job.id, of=of, report=report))

    def calibration(self, name: str) -> Calibration:
        """Give how a learned model judges.

        Raises:
            NotFoundError: Nothing was learned yet.
        """
        self._drafts.get(name)
        path = self._drafts.folder(name).model
        if not path.is_file():
            raise NotFoundError(f"nothing was learned of {name} yet")
        return read_model(path).card.calibration

    def set_rates(self, name: str, **rates: Any) -> Calibration:
        """Let a learned model judge by other rates or thresholds, of `rated`.

        Raises:
            NotFoundError: Nothing was learned yet.
            ValueRefusedError: The rates are impossible.
        """
        with self._drafts.lock:
            calibration = rated(self.calibration(name), **rates)
            path = self._drafts.folder(name).model
            replace_card(path, path, replace(read_model(path).card, calibration=calibration))
            self._note(name, is_served=False)
        return calibration

    def serve(self, name: str) -> Model:
        """Let a learned model inspect: as a new model of the station, or a new version of what it was before.

        Raises:
            NotFoundError: Nothing was learned yet.
        """
        calibration, registry = self.calibration(name), self._station.registry
        path = self._drafts.folder(name).model
        with self._drafts.lock:
            if not registry.has(name):
                model = registry.add(name, path)
            else:
                sha256 = read_model(path).sha256
                known = [each.version for each in registry.versions(name) if each.sha256 == sha256]
                version = known[-1] if known else registry.add_version(name, path)
                model = registry.switch(name, version)
            if rates_of(model.calibration) != rates_of(calibration):
                # Those of an earlier model of this name.
                model = registry.set_rates(name, **rates_of(calibration))
            self._note(name, is_served=True)
        return model

    def overlay(self, name: str, file: str) -> Path:
        """Give the drawing of a suspect, JPEG.

        Raises:
            NotFoundError: There is none.
        """
        folder = self._drafts.folder(name).suspects
        for path, overlay in _overlays(folder):
            if Path(path).name == file and (folder / overlay).is_file():
                return folder / overlay
        raise NotFoundError("this picture is no suspect of what was learned last")

    def _note(self, name: str, *, is_served: bool) -> None:
        learned = self._drafts.get(name).learned
        if learned is not None:
            self._drafts.change(name, learned=replace(learned, is_served=is_served))

    def _rates(self, name: str) -> Calibration | None:
        if self._station.registry.has(name):
            return self._station.registry.get(name).calibration
        path = self._drafts.folder(name).model
        return read_model(path).card.calibration if path.is_file() else None


def _overlays(folder: Path) -> Sequence[tuple[str, str]]:
    try:
        listed = json.loads((folder / LIST_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [(each["path"], each["overlay"]) for each in listed if each["overlay"]]
