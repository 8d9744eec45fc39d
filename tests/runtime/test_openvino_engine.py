import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from flawflow.errors import EngineError, ModelFileError
from flawflow.inspection import Inspector
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.runtime.engines import load_engine
from flawflow.runtime.openvino_engine import OpenVinoEngine

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed"
)


@pytest.fixture
def batch(rng):
    return rng.integers(0, 256, (5, 32, 32, 3), np.uint8)


@needs_openvino
@pytest.mark.parametrize("threads", [None, 1, 2])
def test_maps_and_scores_are_those_of_onnx_runtime(tiny_graph, batch, threads):
    maps, scores = load_engine("openvino", tiny_graph, precision="fp32", threads=threads).run(batch)
    assert (maps.dtype, scores.dtype) == (np.float32, np.float32)
    expected_maps, expected_scores = OnnxRuntimeEngine(tiny_graph).run(batch)
    np.testing.assert_allclose(maps, expected_maps, rtol=1e-5)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-5)


@needs_openvino
def test_a_picture_scores_the_same_in_any_batch_and_thread(tiny_graph, batch):
    engine = OpenVinoEngine(tiny_graph)
    maps, scores = engine.run(batch)
    for order in ([0], [4, 1], [3, 3, 3], [2, 1, 0, 4, 3]):
        some_maps, some_scores = engine.run(batch[order])
        np.testing.assert_array_equal(some_maps, maps[order])
        np.testing.assert_array_equal(some_scores, scores[order])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: engine.run(batch[index % 5][None]), range(60)))
    for index, (some_maps, some_scores) in enumerate(found):
        np.testing.assert_array_equal(some_maps[0], maps[index % 5])
        np.testing.assert_array_equal(some_scores[0], scores[index % 5])


@needs_openvino
def test_only_bf16_may_be_computed_in_sixteen_bits(two_layers, batch):
    exact, _ = OnnxRuntimeEngine(two_layers).run(batch)
    for precision in ("fp32", "fp16", "int8"):
        maps, _ = OpenVinoEngine(two_layers, precision=precision).run(batch)
        np.testing.assert_allclose(maps, exact, rtol=1e-5)
    maps, _ = OpenVinoEngine(two_layers, precision="bf16").run(batch)
    np.testing.assert_allclose(maps, exact, rtol=5e-2)


@pytest.fixture
def two_layers(tiny_graph) -> bytes:
    """The tiny graph with a kernel whose values bfloat16 cannot hold."""
    model = onnx.load_from_string(tiny_graph)
    kernel = np.linspace(0.001, 0.002, 27, dtype=np.float32).reshape(1, 3, 3, 3)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(kernel, "kernel"))
    return bytes(model.SerializeToString())


@needs_openvino
def test_an_inspector_runs_on_it(tiny_model, batch):
    found = [
        Inspector.load(tiny_model, engine=engine).inspect(batch[0]) for engine in ("openvino", "onnxruntime")
    ]
    assert found[0].score == pytest.approx(found[1].score, rel=1e-5)
    assert (found[0].verdict, found[0].p_value) == (found[1].verdict, found[1].p_value)


@needs_openvino
def test_what_is_no_graph_is_refused():
    with pytest.raises(ModelFileError, match=r"OpenVINO 20.* cannot load the model's graph .* onnxruntime$"):
        OpenVinoEngine(b"\x0a\x03abc")


@needs_openvino
def test_a_graph_with_other_names_is_refused(tiny_graph):
    model = onnx.load_from_string(tiny_graph)
    del model.graph.output[1]
    with pytest.raises(ModelFileError, match="pred_score"):
        OpenVinoEngine(model.SerializeToString())


@needs_openvino
def test_pictures_of_another_size_are_refused(tiny_graph):
    with pytest.raises(ModelFileError, match=r"\(1, 16, 16, 3\)"):
        OpenVinoEngine(tiny_graph).run(np.zeros((1, 16, 16, 3), np.uint8))


def test_no_threads_are_refused(tiny_graph):
    with pytest.raises(ValueError, match="threads"):
        OpenVinoEngine(tiny_graph, threads=0)


def test_without_openvino_it_says_what_to_install(tiny_model, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"not installed: pip install 'flawflow\[openvino\]'"):
        Inspector.load(tiny_model, engine="openvino")


SILENT = """
import sys
from flawflow.errors import ModelFileError
from flawflow.inspection import Inspector
from flawflow.runtime.openvino_engine import OpenVinoEngine
import numpy as np
inspector = Inspector.load(sys.argv[1], engine="openvino")
inspector.inspect(np.zeros((32, 32, 3), np.uint8))
small = np.zeros((1, 8, 8, 3), np.uint8)
for broken in (lambda: OpenVinoEngine(b"abc"), lambda: inspector._engine.run(small)):
    try:
        broken()
    except ModelFileError:
        continue
    raise SystemExit("not refused")
loaded = {name.partition(".")[0] for name in sys.modules}
unwanted = loaded & {"torch", "scipy", "sklearn", "onnx", "openvino_telemetry"}
raise SystemExit(f"imported {unwanted}" if unwanted else 0)
"""


@needs_openvino
def test_nothing_leaks_to_the_terminal_or_the_home_folder(tiny_model: Path, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SILENT, tiny_model],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(home)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
