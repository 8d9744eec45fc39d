"""The inspector among modules, signals and processes."""

import copy
import dataclasses
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import flawflow
from flawflow.errors import ModelFileError
from flawflow.inspection import Inspection, Inspector
from flawflow.model_file import read_model, replace_card


def test_public_names():
    assert flawflow.Inspector is Inspector
    assert flawflow.Inspection is Inspection
    assert (
        {"DriftMonitor", "Inspector", "Inspection", "Recipe", "train", "evaluate"}
        == set(flawflow.__all__)
        <= set(dir(flawflow))
    )
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = flawflow.Nothing


LIGHT = """
import sys
import threading
import flawflow
assert not {"numpy", "onnxruntime"} & sys.modules.keys(), "importing flawflow should import nothing"
inspector = flawflow.Inspector.load(sys.argv[1])
list(inspector.inspect_many([sys.argv[2]] * 3))
assert inspector.inspect(sys.argv[2]).verdict == "NG"
flawflow.evaluate
heavy = {"torch", "torchvision", "timm", "scipy", "sklearn", "onnx"} & sys.modules.keys()
assert not heavy, heavy
"""


def test_law_inspecting_needs_no_torch(tiny_model, tmp_path):
    path = tmp_path / "part.png"
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:9, :9] = 255
    Image.fromarray(picture).save(path)
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, tiny_model, path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


ENDLESS = """
import itertools, sys
import numpy as np
import flawflow
inspector = flawflow.Inspector.load(sys.argv[1])
pictures = itertools.repeat(np.zeros((32, 32, 3), np.uint8))
for index, _ in enumerate(inspector.inspect_many(pictures, workers=2)):
    if index == 20:
        print("running", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process")
def test_ctrl_c_ends_an_endless_inspection(tiny_model):
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, tiny_model], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_an_inspector_is_pickled_and_copied_by_its_file(tiny_model, tmp_path, rng):
    path = tmp_path / "part.flaw"
    path.write_bytes(tiny_model.read_bytes())
    inspector = Inspector.load(path)
    inspector = inspector.with_calibration(inspector.card.calibration.with_rates(false_reject_rate=0.3))
    picture = rng.integers(0, 256, (40, 40, 3), np.uint8)
    packed = pickle.dumps(inspector)
    assert len(packed) < 20_000
    for other in (pickle.loads(packed), copy.copy(inspector), copy.deepcopy(inspector)):
        assert other.card == inspector.card
        found, wanted = other.inspect(picture), inspector.inspect(picture)
        np.testing.assert_array_equal(found.graph_map, wanted.graph_map)
        assert (found.score, found.verdict) == (wanted.score, wanted.verdict)
    replace_card(path, path, dataclasses.replace(inspector.card, created="2001-01-01T00:00:00+00:00"))
    with pytest.raises(ModelFileError, match="another model than the one that was pickled"):
        pickle.loads(packed)


def test_an_inspector_without_a_file_says_that_it_cannot_be_pickled(tiny_model):
    inspector = Inspector.of(read_model(tiny_model))
    with pytest.raises(TypeError, match=r"make it with Inspector\.load"):
        pickle.dumps(inspector)
