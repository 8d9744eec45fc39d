"""A folder of models as a fleet leaves it, without any training."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from flawflow.fleet.plan import Product
from flawflow.fleet.record import Measures, Pictures, ProductRecord, model_file
from flawflow.fleet.source import Source
from flawflow.fleet.status import Status, pictures_of, status_of
from flawflow.recipe import Recipe
from flawflow.storage.files import sha256_of_file
from flawflow.synthetic import draw_parts


@dataclass(frozen=True)
class Trained:
    """A product that is done.

    Attributes:
        product: The product.
        folder: Of the models.
        data: Of its pictures.
    """

    product: Product
    folder: Path
    data: Path

    def status(self) -> Status:
        """Where it stands now."""
        return status_of(self.product, self.product.source.open(), self.folder)


@pytest.fixture
def trained(tmp_path: Path, tiny_model: Path) -> Trained:
    data, folder = tmp_path / "gears", tmp_path / "models"
    draw_parts(data, train=2, test=1, size=32)
    product = Product(name="gears", source=Source(data=str(data)), recipe=Recipe.of("fast", size=32))
    folder.mkdir()
    file = model_file(folder, "gears")
    file.write_bytes(tiny_model.read_bytes())
    dataset = product.source.open()
    sha256 = sha256_of_file(file)
    measures = Measures(
        pictures=pictures_of(dataset.test), model_sha256=sha256, evaluation=None, error="none"
    )
    record = ProductRecord(
        product="gears",
        source=str(data),
        recipe_sha256=product.recipe.fingerprint(),
        pictures=pictures_of(dataset.train),
        model_sha256=sha256,
        image_count=2,
        seconds=60.0,
        peak_bytes=2**30,
        excluded=False,
        suspects=(),
        left_out=(),
        notes=(),
        measures=measures,
        machine="a machine",
        flawflow_version="0.2.0",
    )
    record.write(folder)
    return Trained(product, folder, data)


NOTHING = Pictures(content="", files="")
