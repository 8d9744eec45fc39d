"""Done is what was trained by the same recipe on the same pictures; nothing else is done again."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from flawflow.fleet import status as status_module
from flawflow.fleet.record import ProductRecord, model_file, record_file
from flawflow.model_file import read_model
from flawflow.model_file.container import replace_card
from flawflow.storage.files import sha256_of_file

from .conftest import Trained


def first(trained: Trained, pattern: str) -> Path:
    return sorted(trained.data.glob(pattern))[0]


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def test_what_is_done_is_done(trained: Trained):
    status = trained.status()
    assert status.is_done
    assert (status.reason, status.changed_file, status.error) == ("", False, "")
    assert status.card == read_model(model_file(trained.folder, "gears")).card


def test_nothing_is_known_of_a_new_product(trained: Trained):
    other = replace(trained, product=replace(trained.product, name="wheels"))
    assert other.status().reason == "not trained yet"
    assert not other.status().is_done


@pytest.mark.parametrize(
    ("changes", "reason"), [({"seed": 1}, "another recipe"), ({"detector": "padim"}, "another recipe")]
)
def test_another_recipe_is_trained(trained: Trained, changes: dict[str, object], reason: str):
    recipe = trained.product.recipe.replace(changes)
    assert replace(trained, product=replace(trained.product, recipe=recipe)).status().reason == reason


def test_another_preset_of_the_same_values_is_the_same(trained: Trained):
    recipe = replace(trained.product.recipe, preset="balanced")
    assert replace(trained, product=replace(trained.product, recipe=recipe)).status().is_done


def test_other_pictures_are_trained_on(trained: Trained):
    change(first(trained, "train/good/*"))
    assert trained.status().reason == "other pictures"


def test_files_of_other_names_and_times_with_the_same_pictures_are_read_once(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
):
    for path in trained.data.rglob("*.png"):
        os.utime(path, (1, 1))
    moved = trained.data.rename(trained.data.with_name("wheels"))
    source = replace(trained.product.source, data=str(moved))
    trained = replace(trained, data=moved, product=replace(trained.product, source=source))
    assert trained.status().is_done
    monkeypatch.setattr(status_module, "digest_of_samples", lambda _: pytest.fail("the pictures were read"))
    assert trained.status().is_done


@pytest.mark.parametrize("pattern", ["test/good/*", "test/dent/*", "ground_truth/dent/*"])
def test_other_test_pictures_are_measured_and_not_trained_on(trained: Trained, pattern: str):
    change(first(trained, pattern))
    status = trained.status()
    assert status.record is not None
    assert status.to_measure
    assert not status.is_done


def test_a_damaged_model_or_record_is_trained_again(trained: Trained):
    file, record = model_file(trained.folder, "gears"), record_file(trained.folder, "gears")
    content, text = file.read_bytes(), record.read_text("utf-8")
    record.write_text(text.replace("60.0", "61.0"), "utf-8")
    assert trained.status().reason == "not trained yet"
    record.write_text(text, "utf-8")
    file.write_bytes(content[:-9])
    assert trained.status().reason == "its model file is damaged"
    file.unlink()
    assert trained.status().reason == "not trained yet"


def test_a_model_that_a_person_calibrated_stays_and_is_measured_again(trained: Trained):
    file = model_file(trained.folder, "gears")
    model = read_model(file)
    calibration = replace(model.card.calibration, false_reject_rate=0.02)
    replace_card(file, file, replace(model.card, calibration=calibration))
    status = trained.status()
    assert status.changed_file
    assert status.to_measure
    assert status.card is not None
    assert status.card.calibration.false_reject_rate == 0.02
    record = ProductRecord.read(trained.folder, "gears")
    assert record is not None
    assert record.model_sha256 != sha256_of_file(file)
