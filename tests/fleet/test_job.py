"""A product's job on drawn parts, with a small encoder."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flawflow.errors import DatasetError
from flawflow.fleet.job import ProductJob, _kept
from flawflow.fleet.plan import Product
from flawflow.fleet.record import ProductRecord, model_file
from flawflow.fleet.source import Source
from flawflow.fleet.status import status_of
from flawflow.progress import Progress
from flawflow.recipe import Recipe
from flawflow.report.suspects import write_suspects
from flawflow.synthetic import draw_parts
from flawflow.training.suspects import Suspect

RECIPE = Recipe.of(
    "fast",
    detector="mahalanobis",
    encoder="test_efficientnet",
    weights="random",
    size=64,
    calibration="split",
)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn parts, and among them a file that is no picture."""
    folder = tmp_path_factory.mktemp("parts") / "gears"
    draw_parts(folder, train=20, test=2, size=64)
    (folder / "train" / "good" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    return folder


@pytest.fixture(scope="module")
def models(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of models after the job."""
    folder = tmp_path_factory.mktemp("models")
    product_job(parts, folder)(lambda _: None)
    return folder


def product_job(parts: Path, folder: Path) -> ProductJob:
    product = Product(name="gears", source=Source(data=str(parts)), recipe=RECIPE)
    return ProductJob(product=product, folder=folder, device="cpu")


def test_a_job_leaves_a_model_with_its_record_and_its_measures(parts: Path, models: Path):
    record = ProductRecord.read(models, "gears")
    assert record is not None
    assert record.image_count == 20
    assert record.suspects == ()
    assert len(record.left_out) == 1
    assert "broken.png" in record.left_out[0]
    assert record.peak_bytes > 100 * 2**20
    assert record.measures is not None
    assert record.measures.evaluation is not None
    assert record.measures.evaluation.image_count == 10
    job = product_job(parts, models)
    assert status_of(job.product, job.product.source.open(), models).is_done
    assert {path.name for path in models.iterdir()} == {"gears.flaw", "gears.flaw.json"}


def test_done_twice_it_is_done_once(parts: Path, models: Path):
    before = model_file(models, "gears").stat().st_mtime_ns
    heard: list[Progress] = []
    product_job(parts, models)(heard.append)
    assert heard == []
    assert model_file(models, "gears").stat().st_mtime_ns == before


def test_labelled_pictures_that_come_later_are_measured_without_a_training(
    parts: Path, models: Path, tmp_path: Path
):
    job = product_job(parts, models)
    record = ProductRecord.read(models, "gears")
    assert record is not None
    replace(record, measures=None).write(models)
    heard: list[Progress] = []
    job(heard.append)
    assert {step.stage for step in heard} == {"Measuring"}
    again = ProductRecord.read(models, "gears")
    assert again is not None
    assert again == record


def test_work_of_other_pictures_goes_with_the_training(parts: Path, models: Path):
    work = models / "work"
    (work / "gears-0123456789abcdef.flaw.training").mkdir(parents=True)
    (work / "gears-big-0123456789abcdef.flaw.training").mkdir()
    product_job(parts, models)._clear_work()
    assert [path.name for path in work.iterdir()] == ["gears-big-0123456789abcdef.flaw.training"]
    (work / "gears-big-0123456789abcdef.flaw.training").rmdir()
    product_job(parts, models)._clear_work()
    assert not work.exists()


def test_a_measurement_that_fails_leaves_the_model_and_says_why(
    parts: Path, models: Path, monkeypatch: pytest.MonkeyPatch
):
    def evaluate(*_: object, **__: object) -> None:
        raise DatasetError("no mask fits")

    monkeypatch.setattr("flawflow.inspection.evaluate.evaluate", evaluate)
    job = product_job(parts, models)
    measures = job._measured(job.product.source.open(), lambda _: None)
    assert (measures.evaluation, measures.error) == (None, "no mask fits")


def test_suspects_are_those_of_their_folder(tmp_path: Path):
    suspect = Suspect(
        path=tmp_path / "gone.png", score=9.0, limit=2.0, place=(3, 4),
        anomaly_map=np.zeros((8, 8), np.float32), colormap_range=(0.0, 1.0),
    )  # fmt: skip
    (kept,) = _kept(write_suspects(tmp_path / "gears.flaw", [suspect], excluded=False))
    assert (kept.path, kept.overlay) == (str(tmp_path / "gone.png"), None)
    assert kept.reason == suspect.reason
    assert _kept(None) == ()


def test_a_job_travels(parts: Path, models: Path):
    job = product_job(parts, models)
    assert pickle.loads(pickle.dumps(job)) == job
