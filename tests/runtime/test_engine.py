import subprocess
import sys

import numpy as np
import onnx
import pytest

from flawflow.errors import ModelFileError
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.runtime.engines import load_engine


@pytest.fixture
def batch(rng):
    return rng.integers(0, 256, (5, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_maps_and_scores(tiny_graph, batch, threads):
    maps, scores = OnnxRuntimeEngine(tiny_graph, threads=threads).run(batch)
    assert (maps.dtype, scores.dtype) == (np.float32, np.float32)
    padded = np.pad(batch.mean(axis=3), [(0, 0), (1, 1), (1, 1)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    np.testing.assert_allclose(maps, windows.mean(axis=(3, 4)) / 255, rtol=1e-5)
    np.testing.assert_array_equal(scores, maps.max(axis=(1, 2)))


def test_a_picture_scores_the_same_in_any_batch(tiny_graph, batch):
    engine = OnnxRuntimeEngine(tiny_graph)
    maps, scores = engine.run(batch)
    for order in ([0], [4, 1], [3, 3, 3], [2, 1, 0, 4, 3]):
        some_maps, some_scores = engine.run(batch[order])
        np.testing.assert_array_equal(some_maps, maps[order])
        np.testing.assert_array_equal(some_scores, scores[order])


def test_what_is_no_graph_is_refused():
    with pytest.raises(ModelFileError, match="cannot load the model's graph"):
        OnnxRuntimeEngine(b"\x0a\x03abc")


def test_a_graph_with_other_names_is_refused(tiny_graph):
    model = onnx.load_from_string(tiny_graph)
    del model.graph.output[1]
    with pytest.raises(ModelFileError, match="pred_score"):
        OnnxRuntimeEngine(model.SerializeToString())


def test_pictures_of_another_size_are_refused(tiny_graph):
    with pytest.raises(ModelFileError, match=r"\(1, 16, 16, 3\)"):
        OnnxRuntimeEngine(tiny_graph).run(np.zeros((1, 16, 16, 3), np.uint8))


def test_no_threads_are_refused(tiny_graph):
    with pytest.raises(ValueError, match="threads"):
        OnnxRuntimeEngine(tiny_graph, threads=0)


def test_an_engine_is_loaded_by_its_name(tiny_graph, batch):
    engine = load_engine("onnxruntime", tiny_graph, precision="fp32", threads=1)
    assert isinstance(engine, OnnxRuntimeEngine)
    with pytest.raises(ValueError, match="engine must be one of onnxruntime, openvino; got 'tvm'"):
        load_engine("tvm", tiny_graph, precision="fp32")


SILENT = """
import sys
from flawflow.errors import ModelFileError
from flawflow.inspection import Inspector, OnnxRuntimeEngine
import numpy as np
inspector = Inspector.load(sys.argv[1])
inspector.inspect(np.zeros((32, 32, 3), np.uint8))
small = np.zeros((1, 8, 8, 3), np.uint8)
for broken in (lambda: OnnxRuntimeEngine(b"abc"), lambda: inspector._engine.run(small)):
    try:
        broken()
    except ModelFileError:
        continue
    raise SystemExit("not refused")
"""


def test_nothing_leaks_to_the_terminal(tiny_model):
    done = subprocess.run(
        [sys.executable, "-c", SILENT, tiny_model], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
