"""What a comparison has to do: variants × data sets × seeds, and the key under which each run is kept."""

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import flawflow
from flawflow.datasets import Dataset, open_datasets
from flawflow.datasets.digest import digest_of_dataset
from flawflow.errors import DatasetError
from flawflow.recipe import PRESETS, Recipe

# What a result builds on besides flawflow's own code.
_PACKAGES = ("numpy", "onnxruntime", "pillow", "timm", "torch")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train.

    Attributes:
        label: What the tables call it.
        recipe: The way. The seed is that of the run.
    """

    label: str
    recipe: Recipe = PRESETS["balanced"]


@dataclass(frozen=True)
class Run:
    """One training and its measurement.

    Attributes:
        variant: How to train.
        dataset: On what.
        seed: Of every random choice of the training.
        key: A checksum of all that decides the result.
    """

    variant: Variant
    dataset: Dataset
    seed: int
    key: str


def open_categories(paths: Iterable[Path]) -> list[Dataset]:
    """Open data sets that can be compared on: each with good and defective test pictures.

    A folder that is not a data set itself but holds some with a layout of their own stands for all of them,
    and one of scenes for all scenes that have test pictures.

    Raises:
        DatasetError: A data set cannot be opened, lacks test pictures, or two have one name.
    """
    opened = [dataset for path in paths for dataset in open_datasets(path)]
    datasets = [dataset for dataset in opened if dataset.test or not dataset.scene_of]
    names: set[str] = set()
    for dataset in datasets:
        kinds = {sample.is_defective for sample in dataset.test}
        for is_defective, word in ((False, "good"), (True, "defective")):
            if is_defective not in kinds:
                raise DatasetError(f"{dataset.name} has no {word} test pictures to compare on: add some.")
        if dataset.name in names:
            raise DatasetError(f"Two data sets are named {dataset.name}: rename the folder of one.")
        names.add(dataset.name)
    return datasets


def plan_runs(variants: Sequence[Variant], datasets: Sequence[Dataset], seeds: Sequence[int]) -> list[Run]:
    """All runs, each data set's together, so that its rows of the table are soon complete."""
    runs = []
    for dataset in datasets:
        pictures = digest_of_dataset(dataset)
        runs += [
            Run(variant, dataset, seed, _key(variant.recipe.replace(seed=seed), pictures))
            for seed in seeds
            for variant in variants
        ]
    return runs


@cache
def packages() -> dict[str, str]:
    """The versions of what a result builds on."""
    return {"flawflow": flawflow.__version__} | {name: importlib.metadata.version(name) for name in _PACKAGES}


def _key(recipe: Recipe, pictures: str) -> str:
    decisive = {
        "recipe": recipe.fingerprint(), "pictures": pictures, "code": code_digest(), "packages": packages(),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:20]


@cache
def code_digest() -> str:
    """A checksum of all the package's code: a list of what decides would sooner or later miss something."""
    root = Path(flawflow.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
