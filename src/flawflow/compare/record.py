"""What one run of a comparison measured, as it is kept in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flawflow.metrics.at_threshold import AtThreshold
from flawflow.recipe.options import Option
from flawflow.storage.sealed_record import read_record, write_record

EVALUATED = (
    "image_auroc", "image_auroc_interval", "at_threshold", "pixel_auroc", "pixel_average_precision", "aupro",
    "aupro_005", "auspro", "segf1", "oracle_segf1",
)  # fmt: skip
"""The fields of a record that are those of an evaluation."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One finished run.

    Attributes:
        key: A checksum of all that decides the result.
        category: The name of the data set.
        preset: The name of the preset.
        recipe: Everything else that the training was asked for, by dotted name.
        seed: Of the training.
        size: (height, width) of the model's input.
        localises: Whether the detector's map tells places.
        image_auroc: In [0, 1].
        image_auroc_interval: What other test pictures would give, with 95 % confidence.
        at_threshold: This and the next are those of `flawflow.metrics.Evaluation`.
        image_auroc_by_kind: Of each kind of defect against all good pictures.
        train_seconds: From the pictures to the model file.
        milliseconds: For one picture.
        megabytes: Of the model file.
        parameters: Numbers of the model.
        train_pictures: How many were learned from.
        test_pictures: How many were measured on.
        left_out: Why pictures were left out, a sentence each.
        machine: In words.
        device: Where the training ran.
        packages: Their versions.
    """

    key: str
    category: str
    preset: str
    recipe: Mapping[str, Option]
    seed: int
    size: tuple[int, int]
    localises: bool
    image_auroc: float
    image_auroc_interval: tuple[float, float]
    at_threshold: AtThreshold | None
    pixel_auroc: float | None
    pixel_average_precision: float | None
    aupro: float | None
    aupro_005: float | None
    auspro: float | None
    segf1: float | None
    oracle_segf1: float | None
    image_auroc_by_kind: Mapping[str, float]
    train_seconds: float
    milliseconds: float
    megabytes: float
    parameters: int
    train_pictures: int
    test_pictures: int
    left_out: tuple[str, ...]
    machine: str
    device: str
    packages: Mapping[str, str]

    def write(self, path: Path) -> None:
        """Write the record whole or not at all, with its checksum."""
        write_record(path, self)

    @classmethod
    def read(cls, path: Path) -> "RunRecord | None":
        """A record as it was written; None where there is none, or a damaged one."""
        return read_record(cls, path)
