import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.inspection.inspector import Inspector

EXAMPLE = Path(__file__).parents[1] / "docs" / "ray_serve.py"


def load(monkeypatch: pytest.MonkeyPatch, model: Path) -> types.ModuleType:
    monkeypatch.setenv("FLAWFLOW_MODEL", str(model))
    spec = importlib.util.spec_from_file_location("ray_serve_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "ray_serve_example", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_example_serves_what_inspect_says(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    serve = pytest.importorskip("ray.serve", reason="ray[serve] is not installed")
    import httpx
    import ray

    Image.fromarray(np.full((40, 60, 3), 200, np.uint8)).save(tmp_path / "a.png")
    example = load(monkeypatch, tiny_model)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        serve.run(example.app, blocking=False)
        answer = httpx.post("http://127.0.0.1:8000/", content=(tmp_path / "a.png").read_bytes(), timeout=60)
        alone = Inspector.load(tiny_model).inspect(tmp_path / "a.png")
        assert answer.json() == {"score": alone.score, "p_value": alone.p_value, "verdict": alone.verdict}
        damaged = httpx.post("http://127.0.0.1:8000/", content=b"no picture", timeout=60)
        assert "error" in damaged.json()
    finally:
        serve.shutdown()
        ray.shutdown()


def test_the_example_is_as_short_as_the_page_says():
    lines = [line for line in EXAMPLE.read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 20
