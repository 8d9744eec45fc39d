import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def script() -> ModuleType:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    place = Path(__file__).parents[1] / "docs" / "draw_station_screenshots.py"
    spec = importlib.util.spec_from_file_location("draw_station_screenshots", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_screenshot_becomes_a_small_file_of_the_same_picture(
    script: ModuleType, tmp_path: Path, rng: np.random.Generator
):
    pixels = np.full((200, 300, 3), (241, 243, 245), np.uint8)
    pixels[50:150, 50:250] = rng.integers(60, 200, (100, 200, 3), np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    script._save(png.getvalue(), tmp_path / "new" / "shot.png")
    kept = Image.open(tmp_path / "new" / "shot.png")
    assert (kept.mode, kept.size) == ("P", (300, 200))
    assert kept.convert("RGB").getpixel((10, 10)) == (241, 243, 245)
    assert (tmp_path / "new" / "shot.png").stat().st_size < len(png.getvalue()) / 2


def test_every_picture_of_the_documentation_is_drawn(script: ModuleType):
    docs = Path(__file__).parents[1] / "docs"
    shown = set(re.findall(r"\]\((station-[a-z-]+\.png)\)", (docs / "station.md").read_text("utf-8")))
    drawn = {path.name for path in docs.glob("station-*.png")}
    assert shown == drawn
