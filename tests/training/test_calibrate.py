"""Sharing good pictures out, and constants from those kept aside."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.errors import DatasetError
from flawflow.progress import Progress, ignore_progress
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.training.calibrate import calibrate

SIZE = (32, 32)
EVERYWHERE = np.ones(SIZE, np.bool_)


@pytest.fixture
def grey(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{level}.png" for level in (10, 20, 40, 30)]
    for path in paths:
        Image.fromarray(np.full((*SIZE, 3), int(path.stem), np.uint8)).save(path)
    return paths


def test_scores_threshold_and_scale_come_from_the_graph(grey: list[Path], tiny_graph: bytes) -> None:
    seen: list[Progress] = []
    found = calibrate(OnnxRuntimeEngine(tiny_graph), grey, EVERYWHERE, seen.append)
    calibration, (low, high), drift_baseline = found.calibration, found.colormap_range, found.drift_baseline
    np.testing.assert_allclose(calibration.scores, np.array([10, 20, 30, 40]) / 255, rtol=1e-5)
    assert calibration.pixel_threshold == pytest.approx(40 / 255)
    assert low == pytest.approx(25 / 255)
    assert high - 40 / 255 == pytest.approx(40 / 255 - low)
    assert found.unread == ()
    assert sorted(drift_baseline.score) == list(calibration.scores)
    assert drift_baseline.brightness == tuple(round(level / 255, 6) for level in (10, 20, 40, 30))
    assert [(step.done, step.total) for step in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_unreadable_picture_is_left_out_and_told(grey: list[Path], tiny_graph: bytes) -> None:
    grey[1].write_bytes(b"no picture")
    found = calibrate(OnnxRuntimeEngine(tiny_graph), grey, EVERYWHERE, ignore_progress)
    assert len(found.calibration.scores) == len(found.drift_baseline) == 3
    [(path, reason)] = found.unread
    assert path == grey[1]
    assert str(grey[1]) in reason


def test_black_pictures_alone_still_give_a_scale_with_a_length(tmp_path: Path, tiny_graph: bytes) -> None:
    Image.new("RGB", SIZE).save(tmp_path / "black.png")
    pictures = [tmp_path / "black.png"]
    low, high = calibrate(OnnxRuntimeEngine(tiny_graph), pictures, EVERYWHERE, ignore_progress).colormap_range
    assert low == 0 < high


def test_nothing_readable_is_an_error(tmp_path: Path, tiny_graph: bytes) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="None of the pictures kept for calibration could be read"):
        calibrate(OnnxRuntimeEngine(tiny_graph), [tmp_path / "a.png"], EVERYWHERE, ignore_progress)
