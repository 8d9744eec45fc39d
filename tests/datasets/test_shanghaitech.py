import shutil
from pathlib import Path

import numpy as np
import pytest

from flawflow.datasets.shanghaitech import open_scenes
from flawflow.errors import DatasetError


@pytest.fixture
def copy(campus: Path, tmp_path: Path) -> Path:
    return shutil.copytree(campus, tmp_path / "shanghaitech")


def test_scenes_videos_and_frames_are_told_apart(campus: Path):
    scenes = open_scenes(campus)
    assert [scene.name for scene in scenes] == ["01", "02", "03"]
    assert [path.name for path in scenes[0].training] == ["01_001.avi", "01_002.avi"]
    assert [video.name for video in scenes[1].test] == ["02_0014", "02_0015"]
    assert scenes[2].test == ()
    video = scenes[0].test[0]
    assert [path.name for path in video.frames] == [f"{n:03d}.jpg" for n in range(20)]
    np.testing.assert_array_equal(np.flatnonzero(video.read_frame_mask()), np.arange(6, 14))
    mask = video.open_pixel_mask()
    assert mask is not None
    assert mask[5].shape == (64, 80)
    assert mask[6].dtype == np.bool_
    assert [bool(mask[n].any()) for n in range(20)] == video.read_frame_mask().tolist()


def test_the_folder_above_is_found_too(campus: Path):
    assert open_scenes(campus.parent) == open_scenes(campus)


def test_masks_stay_on_the_disk(campus: Path):
    mask = open_scenes(campus)[0].test[0].open_pixel_mask()
    assert mask is not None
    assert isinstance(mask.levels, np.memmap)


def test_another_layout_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="training/videos"):
        open_scenes(tmp_path)


def test_a_mask_that_does_not_fit_is_refused(copy: Path):
    frame_mask = copy / "testing" / "test_frame_mask" / "01_0014.npy"
    pixel_mask = copy / "testing" / "test_pixel_mask" / "01_0014.npy"
    video = open_scenes(copy)[0].test[0]
    np.save(frame_mask, np.zeros(19, np.uint8))
    with pytest.raises(DatasetError, match=r"shape \(19,\), but 01_0014 has 20 frames"):
        video.read_frame_mask()
    np.save(pixel_mask, np.zeros((20, 64), np.uint8))
    with pytest.raises(DatasetError, match=r"shape \(20, 64\)"):
        video.open_pixel_mask()


@pytest.mark.parametrize("content", ["pickle", "junk", "empty", "text"])
def test_a_mask_that_is_no_array_of_numbers_is_refused_and_runs_nothing(copy: Path, content: str):
    path = copy / "testing" / "test_frame_mask" / "01_0014.npy"
    if content == "pickle":
        np.save(path, np.array([Path("x")], object), allow_pickle=True)
    elif content == "text":
        np.save(path, np.array(["a"] * 20))
    else:
        path.write_bytes(b"" if content == "empty" else b"junk" * 20)
    with pytest.raises(DatasetError, match=r"01_0014\.npy"):
        open_scenes(copy)[0].test[0].read_frame_mask()


def test_a_missing_pixel_mask_is_borne_where_nothing_is_unusual(copy: Path):
    for name in ("01_0014", "01_0015"):
        (copy / "testing" / "test_pixel_mask" / f"{name}.npy").unlink()
    unusual, usual = open_scenes(copy)[0].test
    assert usual.open_pixel_mask() is None
    with pytest.raises(DatasetError, match=r"01_0014\.npy: add it"):
        unusual.open_pixel_mask()


def test_a_missing_frame_mask_or_frame_is_refused(copy: Path):
    mask = copy / "testing" / "test_frame_mask" / "02_0014.npy"
    mask.unlink()
    with pytest.raises(DatasetError, match="02_0014 has no frame mask"):
        open_scenes(copy)
    mask.touch()
    for frame in (copy / "testing" / "frames" / "02_0014").iterdir():
        frame.unlink()
    with pytest.raises(DatasetError, match="no frame in"):
        open_scenes(copy)
