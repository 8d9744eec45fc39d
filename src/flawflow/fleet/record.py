"""What is known of a product once its model is trained, as it is kept beside the model."""

from dataclasses import dataclass
from pathlib import Path

from flawflow.metrics import Evaluation
from flawflow.storage.files import beside
from flawflow.storage.sealed_record import read_record, write_record


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What pictures were, to notice others.

    Attributes:
        content: A checksum of what they hold and what they are for.
        files: One of names, sizes and times of change, which is quick to compare.
    """

    content: str
    files: str


@dataclass(frozen=True, kw_only=True)
class KeptSuspect:
    """A training picture that may be defective.

    Attributes:
        path: The picture.
        reason: Why it is suspected.
        overlay: Its overlay, below the folder of suspects; None where it could not be drawn.
    """

    path: str
    reason: str
    overlay: str | None


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What labelled pictures say of the model.

    Attributes:
        pictures: The test pictures, with their masks.
        model_sha256: Of the model file that was measured.
        evaluation: The measures; None where they could not be taken.
        error: Why not; empty where they could.
    """

    pictures: Pictures
    model_sha256: str
    evaluation: Evaluation | None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class ProductRecord:
    """One trained product.

    Attributes:
        product: Its name in the plan.
        source: Where its pictures were.
        recipe_sha256: The recipe's fingerprint.
        pictures: The good training pictures.
        model_sha256: Of the model file that was written.
        image_count: Good pictures that could be read.
        seconds: Wall time of the training.
        peak_bytes: The most memory that its process had; 0 where the system does not say.
        excluded: Whether suspects were left out of the training.
        suspects: The most unusual first.
        left_out: A sentence for each picture, or video, that could not be read.
        notes: Sentences about the pictures that a person should read.
        measures: On labelled test pictures; None where there are none of both kinds.
        machine: Where it was trained, in words.
        flawflow_version: What trained it.
    """

    product: str
    source: str
    recipe_sha256: str
    pictures: Pictures
    model_sha256: str
    image_count: int
    seconds: float
    peak_bytes: int
    excluded: bool
    suspects: tuple[KeptSuspect, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    measures: Measures | None
    machine: str
    flawflow_version: str

    def write(self, folder: Path) -> None:
        """Write the record beside its model, whole or not at all."""
        write_record(record_file(folder, self.product), self)

    @classmethod
    def read(cls, folder: Path, product: str) -> "ProductRecord | None":
        """The record of a product; None where there is none, or a damaged one."""
        return read_record(cls, record_file(folder, product))


def model_file(folder: Path, product: str) -> Path:
    """Where a product's model is."""
    return folder / f"{product}.flaw"


def record_file(folder: Path, product: str) -> Path:
    """Where a product's record is."""
    return beside(model_file(folder, product), ".json")


def work_file(folder: Path, product: str, key: str) -> Path:
    """Where a model is trained: apart from the models, and apart from unfinished work of other pictures."""
    return folder / "work" / f"{product}-{key}.flaw"
