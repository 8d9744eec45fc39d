"""What good looks like around a region."""

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from flawflow.errors import ModelFileError
from flawflow.inspection import Inspector
from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.model_file.memory import memory_of, with_memory

from ..explained_model import explained_graph


@pytest.fixture
def explained_model(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> Path:
    path = tmp_path / "explained.flaw"
    write_model(path, explained_graph(tiny_graph), tiny_card)
    return path


def spotted() -> np.ndarray:
    """64 × 32 pixels of level 80 with a bright spot in its lower right, which is window 3."""
    picture = np.full((64, 32, 3), 80, np.uint8)
    picture[44:52, 22:27] = 255
    return picture


def test_the_nearest_and_the_likeliest_patch_of_the_place(explained_model: Path) -> None:
    inspection = Inspector.load(explained_model).inspect(spotted())
    (found,) = inspection.explain()
    assert found.region == inspection.regions[0]
    assert found.box == (16, 32, 32, 64)
    assert found.image.shape == found.nearest.image.shape == (16, 16, 3)
    assert found.nearest.picture == "90.png"
    assert abs(int(found.nearest.image.mean()) - 90) <= 1
    assert found.likeliest is not None
    assert found.likeliest.picture == "90.png"
    assert 0 < found.distance < 1


def test_a_memory_changes_no_result(explained_model: Path, tiny_model: Path) -> None:
    one, other = (Inspector.load(path).inspect(spotted()) for path in (explained_model, tiny_model))
    assert (one.score, one.verdict, one.regions) == (other.score, other.verdict, other.regions)
    np.testing.assert_array_equal(one.graph_map, other.graph_map)


def test_without_a_memory_a_sentence_says_how_to_get_one(tiny_model: Path) -> None:
    with pytest.raises(ModelFileError, match="flawflow train --explain"):
        Inspector.load(tiny_model).inspect(spotted()).explain()


def test_other_rates_and_another_process_explain_the_same(explained_model: Path) -> None:
    inspector = Inspector.load(explained_model)
    other = inspector.with_calibration(inspector.card.calibration.with_rates(review_rate=0.2))
    for inspection in (
        other.inspect(spotted()),
        pickle.loads(pickle.dumps(inspector.inspect(spotted()))),
    ):
        assert inspection.explain()[0].nearest.picture == "90.png"


def test_a_picture_without_regions_has_nothing_to_explain(explained_model: Path) -> None:
    assert Inspector.load(explained_model).inspect(np.zeros((32, 32, 3), np.uint8)).explain() == ()


def test_a_damaged_patch_is_refused(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> None:
    kept = memory_of(explained_graph(tiny_graph))
    assert kept is not None
    patches = tuple(dataclasses.replace(patch, jpeg="AAAA") for patch in kept.patches)
    model = onnx.load_from_string(explained_graph(tiny_graph))
    del model.metadata_props[:]
    damaged = tmp_path / "damaged.flaw"
    other = dataclasses.replace(kept, patches=patches)
    write_model(damaged, with_memory(model.SerializeToString(), other), tiny_card)
    with pytest.raises(ModelFileError, match="cannot be read"):
        Inspector.load(damaged).inspect(spotted()).explain()


def test_explaining_imports_no_torch(explained_model: Path) -> None:
    script = (
        "import sys, numpy as np\nfrom flawflow import Inspector\n"
        "found = Inspector.load(sys.argv[1]).inspect(np.full((32, 32, 3), 200, np.uint8)).explain()\n"
        "print(len(found), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, explained_model], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "False"]
