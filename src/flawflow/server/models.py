"""The models of a station: loaded, judged at the rates that were set, reloaded when a file changes."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flawflow.errors import ModelFileError
from flawflow.model_file import read_model
from flawflow.server.db import Store
from flawflow.server.errors import ConflictError, NotFoundError, ValueRefusedError
from flawflow.server.model import Model, load_model
from flawflow.server.model_names import OwnModels, named
from flawflow.server.rates import rated, rates_of
from flawflow.server.versions import Version, Versions
from flawflow.storage.files import Signature, signature, write_whole

__all__ = ["Model", "Registry"]


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
            paths: The `.flaw` files; those in the folder `models` of `folder` are loaded, too.
            folder: The station's data folder.
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
        self._versions: dict[str, Versions] = {}
        self._folder, self._own = folder, OwnModels(folder)
        for name, path in named(paths).items():
            self._add(name, path)
        self._add_new()

    def all(self) -> list[Model]:
        """All models, in the order in which they were named; a station that has learned none yet has none."""
        return list(self._models.values())

    def has(self, name: str) -> bool:
        """Whether there is a model of this name."""
        return name in self._models

    def own_path(self, name: str) -> Path:
        """Give where the file of a model that is learned here, or elsewhere for here, is to be put."""
        return self._own.path(name)

    def get(self, name: str | None = None) -> Model:
        """Give a model; the name may be left out where there is one only.

        Raises:
            NotFoundError: There is none of this name, or none at all.
            ValueRefusedError: There are several and none is named.
        """
        if not self._models:
            raise NotFoundError("this station has no model yet: learn one first, on its page under Learn")
        if name is None:
            if len(self._models) > 1:
                raise ValueRefusedError(f"specify the model: one of {', '.join(self._models)}")
            return next(iter(self._models.values()))
        if name not in self._models:
            raise NotFoundError(f"there is no model {name:.100}: this station has {', '.join(self._models)}")
        return self._models[name]

    def refresh(self) -> None:
        """Load what is new or has changed; a file that is not a model (yet) leaves the old one in place."""
        for name in list(self._models):
            with self._lock:
                changed = self._refresh(name)
            if changed is not None:
                self._changed(changed)
        for model in self._add_new():
            self._changed(model)

    def _add_new(self) -> list[Model]:
        with self._lock:
            added = []
            for path in self._own.new(self._models):
                try:
                    added.append(self._add(path.stem, path))
                except ModelFileError as error:
                    self._own.refuse(path, error)
            return added

    def _add(self, name: str, path: Path) -> Model:
        self._versions[name] = Versions(path, self._folder / "versions" / name)
        model = self._models[name] = self._load(name, self._wanted_version(name))
        return model

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

    def add(self, name: str, file: Path) -> Model:
        """Take a copy of a model file as a new model, which inspects from now on.

        Raises:
            ConflictError: There is one of this name.
            ModelFileError: It is not a model.
        """
        if name in self._models:
            raise ConflictError(f"there is a model {name} already: add a version of it")
        write_whole(self.own_path(name), read_model(file).graph)
        self.refresh()
        return self.get(name)

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
        model = load_model(
            path,
            name=name,
            version=version,
            rates=self._store.rates(name),
            engine=self._engine,
            threads=self._threads,
        )
        self._seen[name] = seen
        return model
