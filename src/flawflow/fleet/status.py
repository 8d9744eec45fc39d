"""What is done already, and what is missing or has changed."""

from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.datasets import Dataset, Sample
from flawflow.datasets.digest import digest_of_files, digest_of_samples
from flawflow.errors import ModelFileError
from flawflow.fleet.plan import Product
from flawflow.fleet.record import Pictures, ProductRecord, model_file
from flawflow.model_file import read_model
from flawflow.model_file.card import Card

NOT_TRAINED = "not trained yet"
"""The reason to train a product that nothing is known of."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where a product stands.

    Attributes:
        product: The product.
        dataset: Its pictures.
        record: Of its model, where that is trained by this recipe on these pictures; else None.
        card: The model's, as the file is now; None without a record.
        changed_file: Whether the model file is another one than was trained: calibrated or adapted since.
        to_measure: Whether labelled pictures, or the model file, are others than were measured.
        reason: Why it must be trained: a word or two; empty where it is.
        error: Why the last try failed; empty where it did not.
    """

    product: Product
    dataset: Dataset
    record: ProductRecord | None = None
    card: Card | None = None
    changed_file: bool = False
    to_measure: bool = False
    reason: str = ""
    error: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be done."""
        return self.record is not None and not self.to_measure


def status_of(product: Product, dataset: Dataset, folder: Path) -> Status:
    """Look at what a folder of models has of a product.

    Pictures are read only where the file system says that they are other files than before. A record whose
    files are others with the same content is written again, so that this is known the next time.
    """
    missing = Status(product=product, dataset=dataset)
    record = ProductRecord.read(folder, product.name)
    file = model_file(folder, product.name)
    if record is None or not file.is_file():
        return replace(missing, reason=NOT_TRAINED)
    if record.recipe_sha256 != product.recipe.fingerprint():
        return replace(missing, reason="another recipe")
    trained_on = _still(record.pictures, dataset.train)
    if trained_on is None:
        return replace(missing, reason="other pictures")
    try:
        model = read_model(file)
    except ModelFileError:
        return replace(missing, reason="its model file is damaged")
    known, measures = record, record.measures
    tested_on = None if measures is None else _still(measures.pictures, dataset.test)
    if measures is not None and tested_on is not None:
        measures = replace(measures, pictures=tested_on)
    record = replace(record, pictures=trained_on, measures=measures)
    if record != known:
        record.write(folder)
    is_measured = measures is not None and tested_on is not None and measures.model_sha256 == model.sha256
    return replace(
        missing,
        record=record,
        card=model.card,
        changed_file=model.sha256 != record.model_sha256,
        to_measure=is_labelled(dataset) and not is_measured,
    )


def is_labelled(dataset: Dataset) -> bool:
    """Whether there are good and defective test pictures, so that a model can be measured."""
    return len({sample.is_defective for sample in dataset.test}) == 2


def pictures_of(samples: tuple[Sample, ...]) -> Pictures:
    """What pictures are; all of them are read."""
    return Pictures(content=digest_of_samples(samples), files=_files(samples))


def _still(before: Pictures, samples: tuple[Sample, ...]) -> Pictures | None:
    """What pictures are now, where they hold the same as before; else None."""
    if before.files == _files(samples):
        return before
    now = pictures_of(samples)
    return now if now.content == before.content else None


def _files(samples: tuple[Sample, ...]) -> str:
    return digest_of_files([path for sample in samples for path in (sample.path, *sample.mask_files)])
