"""The models of a station: loaded, judged at the rates that were set, reloaded when a file changes."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flawflow.decision.calibration import Calibration
from flawflow.errors import FlawflowError, ModelFileError
from flawflow.inspection.inspector import Inspector
from flawflow.model_file import read_model
from flawflow.model_file.card import Card
from flawflow.server.db import Store
from flawflow.server.errors import ConflictError, NotFoundError, ValueRefusedError
from flawflow.server.rates import rated, rates_of
from flawflow.server.versions import Version, Versions
from flawflow.storage.files import Signature, signature

_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded model.

    Attributes:
        name: Its name in this station.
        version: 0 for the file that the station was started with, else a later version.
        sha256: Hex digest of its file.
        card: What its file says.
        inspector: Judges at the rates that were set in this station.
        loaded: When it was loaded.
        problem: Why a newer file was not taken; None where all is well.
    """

    name: str
    version: int
    sha256: str
    card: Card
    inspector: Inspector
    loaded: datetime
    problem: str | None = None

    @property
    def calibration(self) -> Calibration:
        """By what it judges here."""
        return self.inspector.card.calibration


class Registry:
    """Models by name. Safe to use from several threads: a request keeps the model it began with."""

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        folder: Path,
        store: Store,
        threads: int,
        engine: str = "onnxruntime",
        shares_rates: bool = False,
        changed: Callable[[Model], None] = lambda _: None,
    ) -> None:
        """Load the models.

        Args:
            paths: The `.flaw` files.
            folder: The station's data folder, for later versions.
            store: Where rates and switches are kept.
            threads: CPU threads for one picture.
            engine: What runs the models; of `flawflow.runtime.engines`.
            shares_rates: Whether others set rates, too.
            changed: Called after a model was reloaded or its thresholds changed.

        Raises:
            FlawflowError: When a file is not a model, or two have the same name.
        """
        self._store, self._threads, self._engine, self._changed = store, threads, engine, changed
        self._lock, self._shares_rates = threading.Lock(), shares_rates
        self._seen: dict[str, Signature | None] = {}
        self._models: dict[str, Model] = {}
        self._versions = {
            name: Versions(path, folder / "versions" / name) for name, path in _named(paths).items()
        }
        for name in self._versions:
            self._models[name] = self._load(name, self._wanted_version(name))

    def all(self) -> list[Model]:
        """All models, in the order in which they were named."""
        return list(self._models.values())

    def get(self, name: str | None = None) -> Model:
        """Give a model; the name may be left out where there is one only.

        Raises:
            NotFoundError: There is none of this name.
            ValueRefusedError: There are several and none is named.
        """
        if name is None:
            if len(self._models) > 1:
                raise ValueRefusedError(f"specify the model: one of {', '.join(self._models)}")
            return next(iter(self._models.values()))
        if name not in self._models:
            raise NotFoundError(f"there is no model {name:.100}: this station has {', '.join(self._models)}")
        return self._models[name]

    def refresh(self) -> None:
        """Reload what changed on disk; a file that is not a model (yet) leaves the old one in place."""
        for name in self._models:
            with self._lock:
                changed = self._refresh(name)
            if changed is not None:
                self._changed(changed)

    def _refresh(self, name: str) -> Model | None:
        old = self._models[name]
        seen = signature(self._versions[name].file(old.version))
        rated_elsewhere = self._shares_rates and self._rated_elsewhere(old)
        if seen == self._seen[name] and not rated_elsewhere:
            return None
        try:
            new = self._load(name, old.version)
        except ModelFileError as error:
            # Half-written, most likely: its next change is another chance.
            self._seen[name] = seen
            new = replace(old, problem=str(error))
        if new.sha256 == old.sha256 and new.problem == old.problem and not rated_elsewhere:
            return None
        self._models[name] = new
        return new

    def _rated_elsewhere(self, model: Model) -> bool:
        rates, now = self._store.rates(model.name), model.calibration
        return rates not in (None, (now.false_reject_rate, now.review_rate))

    def set_rates(self, name: str, **rates: Any) -> Model:
        """Judge by other rates or thresholds from now on; the model file stays as it is.

        Args:
            name: The model.
            rates: Of `rated`.

        Raises:
            NotFoundError: There is no such model.
            ValueRefusedError: The rates are impossible.
        """
        with self._lock:
            model = self.get(name)
            before, calibration = model.calibration, rated(model.calibration, **rates)
            self._store.set_rates(name, **rates_of(calibration), before=rates_of(before))
            model = replace(model, inspector=model.inspector.with_calibration(calibration))
            self._models[name] = model
        self._changed(model)
        return model

    def versions(self, name: str) -> list[Version]:
        """Give a model's versions, the oldest first."""
        self.get(name)
        return self._versions[name].all()

    def version_path(self, name: str, version: int) -> Path:
        """Give the file of a version.

        Raises:
            NotFoundError: There is no such model or version.
        """
        self.get(name)
        return self._versions[name].path(version)

    def add_version(self, name: str, file: Path) -> int:
        """Take a copy of a model file as the newest version; it is not used before `switch`.

        Raises:
            ModelFileError: It is not a model.
        """
        self.get(name)
        with self._lock:
            return self._versions[name].add(file)

    def switch(self, name: str, version: int, *, action: str = "switch") -> Model:
        """Inspect with another version from now on; `action` is what the audit log calls it.

        Raises:
            NotFoundError: There is no such model or version.
            ModelFileError: It cannot be loaded; the model stays as it is.
        """
        self.version_path(name, version)
        with self._lock:
            before, model = self._models[name].version, self._load(name, version)
            self._store.add_switch(name, version, before=before, action=action)
            self._models[name] = model
        self._changed(model)
        return model

    def rollback(self, name: str) -> Model:
        """Go back to the version before the last switch.

        Raises:
            ConflictError: There was none.
        """
        self.get(name)
        switches = self._store.switches(name)
        if not switches:
            raise ConflictError(f"{name} was never switched: there is nothing to roll back to")
        return self.switch(name, switches[1] if len(switches) > 1 else 0, action="rollback")

    def _wanted_version(self, name: str) -> int:
        switches = self._store.switches(name)
        return switches[0] if switches and self._versions[name].has(switches[0]) else 0

    def _load(self, name: str, version: int) -> Model:
        path = self._versions[name].file(version)
        # Asked first: a change while it is read is then seen as one.
        seen = signature(path)
        content = read_model(path)
        inspector = Inspector.of(content, engine=self._engine, threads=self._threads)
        rates = self._store.rates(name)
        if rates is not None:
            calibration = content.card.calibration.with_rates(
                false_reject_rate=rates[0], review_rate=rates[1]
            )
            inspector = inspector.with_calibration(calibration)
        self._seen[name] = seen
        return Model(
            name=name,
            version=version,
            sha256=content.sha256,
            card=content.card,
            inspector=inspector,
            loaded=datetime.now(UTC),
        )


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        if not _NAME.fullmatch(path.stem):
            raise FlawflowError(
                f"{path}: a model of a station is named by letters, digits, '.', '_' and '-': rename the file"
            )
        if path.stem in named:
            raise FlawflowError(f"{named[path.stem]} and {path} have one name: rename one of the files")
        named[path.stem] = path
    return named
