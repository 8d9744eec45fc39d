"""Sharing good pictures out, and constants from those kept aside."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from flawflow.errors import DatasetError
from flawflow.inspect.engine import OnnxRuntimeEngine
from flawflow.learn.calibrate import calibrate, require_enough, split_good
from flawflow.learn.source import Progress, ignore_progress

SIZE = (32, 32)
EVERYWHERE = np.ones(SIZE, np.bool_)


@given(count=st.integers(8, 400), seed=st.integers(0, 100))
def test_every_picture_goes_to_one_side(count: int, seed: int) -> None:
    pictures = [Path(f"{index}.png") for index in range(count)]
    learned_from, held_out = split_good(pictures, seed)
    assert sorted(learned_from + held_out) == sorted(pictures)
    assert len(held_out) == max(2, round(0.15 * count))
    assert list(learned_from) == [path for path in pictures if path in set(learned_from)]
    assert split_good(pictures, seed) == (learned_from, held_out)


def test_the_seed_chooses() -> None:
    pictures = [Path(f"{index}.png") for index in range(100)]
    assert split_good(pictures, 0) != split_good(pictures, 1)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_fewer_than_eight_are_refused(count: int) -> None:
    with pytest.raises(DatasetError, match=f"^{count} readable good pictures are too few .* give 8 or more"):
        split_good([Path("a.png")] * count, 0)
    require_enough(8)


@pytest.fixture
def grey(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{level}.png" for level in (10, 20, 40, 30)]
    for path in paths:
        Image.fromarray(np.full((*SIZE, 3), int(path.stem), np.uint8)).save(path)
    return paths


def test_scores_threshold_and_scale_come_from_the_graph(grey: list[Path], tiny_graph: bytes) -> None:
    seen: list[Progress] = []
    calibration, (low, high), reference, failures = calibrate(
        OnnxRuntimeEngine(tiny_graph), grey, EVERYWHERE, seen.append
    )
    np.testing.assert_allclose(calibration.scores, np.array([10, 20, 30, 40]) / 255, rtol=1e-5)
    assert calibration.pixel_threshold == pytest.approx(40 / 255)
    assert low == pytest.approx(25 / 255)
    assert high - 40 / 255 == pytest.approx(40 / 255 - low)
    assert failures == ()
    assert sorted(reference.score) == list(calibration.scores)
    assert reference.brightness == tuple(round(level / 255, 6) for level in (10, 20, 40, 30))
    assert [(step.done, step.total) for step in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_unreadable_picture_is_left_out_and_told(grey: list[Path], tiny_graph: bytes) -> None:
    grey[1].write_bytes(b"no picture")
    calibration, _, reference, failures = calibrate(
        OnnxRuntimeEngine(tiny_graph), grey, EVERYWHERE, ignore_progress
    )
    assert len(calibration.scores) == len(reference) == 3
    [(path, reason)] = failures
    assert path == grey[1]
    assert str(grey[1]) in reason


def test_black_pictures_alone_still_give_a_scale_with_a_length(tmp_path: Path, tiny_graph: bytes) -> None:
    Image.new("RGB", SIZE).save(tmp_path / "black.png")
    _, (low, high), _, _ = calibrate(
        OnnxRuntimeEngine(tiny_graph), [tmp_path / "black.png"], EVERYWHERE, ignore_progress
    )
    assert low == 0 < high


def test_nothing_readable_is_an_error(tmp_path: Path, tiny_graph: bytes) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="None of the pictures kept for calibration could be read"):
        calibrate(OnnxRuntimeEngine(tiny_graph), [tmp_path / "a.png"], EVERYWHERE, ignore_progress)
