import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from flawflow.inspection.inspector import Inspector
from flawflow.synthetic import draw_parts


@pytest.fixture
def script() -> ModuleType:
    place = Path(__file__).parents[1] / "docs" / "draw_readme_picture.py"
    spec = importlib.util.spec_from_file_location("draw_readme_picture", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_has_a_column_for_each_kind(script: ModuleType, tiny_model: Path, tmp_path: Path):
    draw_parts(tmp_path, train=1, test=1, size=256)
    sheet = script.compose(Inspector.load(tiny_model), tmp_path / "test")
    assert sheet.size == (5 * 256 + 4 * 8, 2 * 256 + 8 + 2 * 30)
