import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flawflow.errors import ExportError
from flawflow.export.layout import export_layout
from flawflow.inspection.inspector import Inspector
from flawflow.storage.remote import RemotePath


def triton_config(text: str) -> Any:
    """What Triton reads, by its own messages: its client brings them beside its gRPC part."""
    text_format = pytest.importorskip("google.protobuf.text_format")
    spec = importlib.util.find_spec("tritonclient")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("tritonclient is not installed")
    path = Path(spec.submodule_search_locations[0]) / "grpc" / "model_config_pb2.py"
    found = importlib.util.spec_from_file_location("model_config_pb2", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return text_format.Parse(text, module.ModelConfig()), module


def graph_of(path: Path, images: np.ndarray) -> dict[str, np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


def test_triton_finds_graph_configuration_and_calibration(tiny_model: Path, tmp_path: Path):
    written = export_layout(tiny_model, tmp_path / "models", "triton")
    assert [str(path.relative_to(tmp_path / "models")) for path in written] == [
        "tiny/1/model.onnx", "tiny/flawflow.json", "tiny/config.pbtxt",
    ]  # fmt: skip
    config, messages = triton_config(written[2].read_text("utf-8"))
    assert (config.name, config.platform) == ("tiny", "onnxruntime_onnx")
    assert config.max_batch_size > 1
    assert config.HasField("dynamic_batching")
    (images,) = config.input
    assert (images.name, images.data_type, list(images.dims)) == (
        "images", messages.TYPE_UINT8, [32, 32, 3],
    )  # fmt: skip
    rng = np.random.default_rng(0)
    given = rng.integers(0, 256, (3, *images.dims), np.uint8)
    found = graph_of(written[0], given)
    assert {output.name for output in config.output} == set(found)
    for output in config.output:
        behind = list(output.reshape.shape) if output.HasField("reshape") else list(output.dims)
        assert found[output.name].shape == (3, *behind)
        assert (found[output.name].dtype, output.data_type) == (np.float32, messages.TYPE_FP32)


def test_the_repository_judges_as_the_model(tiny_model: Path, tmp_path: Path):
    graph, beside, _ = export_layout(tiny_model, tmp_path, "ovms")
    said = json.loads(beside.read_text("utf-8"))
    inspector = Inspector.load(tiny_model)
    images = np.random.default_rng(1).integers(0, 256, (20, *said["size"], 3), np.uint8)
    found = graph_of(graph, images)
    for image, anomaly_map, score in zip(images, found["anomaly_map"], found["pred_score"], strict=True):
        alone = inspector.inspect(image)
        assert score == pytest.approx(alone.score, abs=1e-6)
        np.testing.assert_allclose(anomaly_map, alone.graph_map, atol=1e-6)
        verdict = "NG" if score > said["ng_threshold"] else "OK"
        assert (verdict == "NG") == (alone.verdict == "NG")
    assert said["model_sha256"] == inspector.sha256
    assert Inspector.load(graph).card == inspector.card


def test_ovms_is_told_of_all_models(tiny_model: Path, tmp_path: Path):
    other = tmp_path / "other.flaw"
    other.write_bytes(tiny_model.read_bytes())
    for model in (tiny_model, other, other):
        export_layout(model, tmp_path / "models", "ovms", overwrite=True)
    config = json.loads((tmp_path / "models" / "config.json").read_text("utf-8"))
    # Of its schema: nothing but these two is required, and nothing unknown is let pass.
    assert config == {
        "model_config_list": [
            {"config": {"name": "tiny", "base_path": "/models/tiny"}},
            {"config": {"name": "other", "base_path": "/models/other"}},
        ]
    }


def test_a_repository_may_be_in_a_store(tiny_model: Path, memory: RemotePath):
    export_layout(tiny_model, memory / "models", "triton")
    assert (memory / "models" / "tiny" / "1" / "model.onnx").read_bytes() == tiny_model.read_bytes()


def test_what_cannot_be_written_is_a_sentence(tiny_model: Path, tmp_path: Path):
    export_layout(tiny_model, tmp_path / "models", "triton")
    with pytest.raises(ExportError, match="--overwrite"):
        export_layout(tiny_model, tmp_path / "models", "triton")
    odd = tmp_path / "a b.flaw"
    odd.write_bytes(tiny_model.read_bytes())
    with pytest.raises(ExportError, match="rename"):
        export_layout(odd, tmp_path / "models", "triton")
    (tmp_path / "models" / "config.json").write_text("[]")
    with pytest.raises(ExportError, match="not a configuration"):
        export_layout(tiny_model, tmp_path / "models", "ovms", overwrite=True)


def test_the_command_writes_one_or_the_other(tiny_model: Path, tmp_path: Path):
    from click.testing import CliRunner

    from flawflow.cli import main

    run: Callable[..., Any] = lambda *words: CliRunner().invoke(main, [*map(str, words)])  # noqa: E731
    done = run("export", tiny_model, "--layout", "triton", "-o", tmp_path / "models")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "models" / "tiny" / "config.pbtxt").is_file()
    both = run("export", tiny_model, "--layout", "triton", "--precision", "fp16", "-o", tmp_path / "x")
    neither = run("export", tiny_model, "-o", tmp_path / "x")
    assert both.exit_code == neither.exit_code == 2
