"""Pictures that `tiny_model` ranks by their brightness, and a model whose weights are worth halving."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image


@pytest.fixture
def good(tmp_path: Path) -> list[Path]:
    """Thirty even pictures, each brighter than the one before."""
    (tmp_path / "good").mkdir()
    paths = [tmp_path / "good" / f"{level:03d}.png" for level in range(20, 110, 3)]
    for path in paths:
        Image.new("L", (40, 50), int(path.stem)).save(path)
    return paths


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Good pictures, and defective ones with a bright spot and its mask."""
    folder = tmp_path / "labelled"
    for name in ("train/good", "test/good", "test/spot", "ground_truth/spot"):
        (folder / name).mkdir(parents=True)
    Image.new("L", (32, 32), 30).save(folder / "train" / "good" / "0.png")
    mask = np.zeros((32, 32), np.uint8)
    mask[8:16, 8:20] = 255
    for index in range(6):
        plain = np.full((32, 32), 30 + 7 * index, np.uint8)
        Image.fromarray(plain).save(folder / "test" / "good" / f"{index}.png")
        Image.fromarray(np.maximum(plain, mask - mask // 8)).save(folder / "test" / "spot" / f"{index}.png")
        Image.fromarray(mask).save(folder / "ground_truth" / "spot" / f"{index}_mask.png")
    return folder


@pytest.fixture
def two_convolutions() -> onnx.ModelProto:
    """A 3 × 3 convolution at stride 2 and another at stride 4; the map is made of what both give."""
    rng = np.random.default_rng(3)
    weights = {
        "first": rng.normal(size=(8, 3, 3, 3)).astype(np.float32) / 500,
        "second": rng.normal(size=(8, 8, 3, 3)).astype(np.float32) / 8,
        "axis": np.array([1]),
        "axes": np.array([1, 2]),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "zoom": np.array([1, 2, 2], np.float32),
    }
    same = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["sum1"], name="conv1", **same),
        helper.make_node("Relu", ["sum1"], ["fine"], name="relu1"),
        helper.make_node("Conv", ["fine", "second"], ["sum2"], name="conv2", **same),
        helper.make_node("Relu", ["sum2"], ["coarse"], name="relu2"),
        helper.make_node("Resize", ["coarse", "", "scales"], ["grown"], mode="nearest"),
        helper.make_node("Add", ["fine", "grown"], ["both"]),
        helper.make_node("ReduceMean", ["both", "axis"], ["small_map"], keepdims=0),
        helper.make_node("Resize", ["small_map", "", "zoom"], ["anomaly_map"], mode="nearest"),
        helper.make_node("ReduceMax", ["anomaly_map", "axes"], ["pred_score"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "two",
        inputs=[helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 32, 32, 3])],
        outputs=[
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["batch", 32, 32]),
            helper.make_tensor_value_info("pred_score", TensorProto.FLOAT, ["batch"]),
        ],
        initializer=[numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model
