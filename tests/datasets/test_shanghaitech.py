import shutil
from pathlib import Path

import numpy as np
import pytest

from flawflow.datasets import open_dataset, open_datasets
from flawflow.errors import DatasetError


@pytest.fixture
def copy(campus: Path, tmp_path: Path) -> Path:
    return shutil.copytree(campus, tmp_path / "shanghaitech")


def test_each_scene_is_a_data_set_with_its_videos_and_frames(campus: Path):
    scenes = open_datasets(campus)
    assert [scene.name for scene in scenes] == [f"shanghaitech {number}" for number in ("01", "02", "03")]
    assert {scene.scene_of for scene in scenes} == {"shanghaitech"}
    first, second, third = scenes
    assert [sample.path.name for sample in first.train] == ["01_001.avi", "01_002.avi"]
    assert list(dict.fromkeys(sample.path.parent.name for sample in second.test)) == ["02_0014", "02_0015"]
    assert (len(third.train), third.test) == (2, ())
    assert [sample.path.name for sample in first.test[:20]] == [f"{n:03d}.jpg" for n in range(20)]
    odd = [number for number, sample in enumerate(first.test) if sample.is_defective]
    assert odd == list(range(6, 14))
    assert {first.test[number].defect_type for number in odd} == {"01_0014"}
    assert first.notes == ("Without test videos: scene 03 of shanghaitech.",)


def test_a_frame_has_its_own_mask(campus: Path):
    frames = open_dataset(campus, scene="01").test[:20]
    masks = [frame.read_mask() for frame in frames]
    stored = np.load(campus / "testing" / "test_pixel_mask" / "01_0014.npy")
    assert all(mask is not None and mask.dtype == np.bool_ for mask in masks)
    np.testing.assert_array_equal(np.stack([mask for mask in masks if mask is not None]), stored != 0)


def test_the_folder_above_is_found_too(campus: Path):
    assert open_datasets(campus.parent) == open_datasets(campus)


def test_one_scene_is_chosen(campus: Path, tmp_path: Path):
    assert open_dataset(campus, scene="02") == open_datasets(campus)[1]
    with pytest.raises(DatasetError, match="is made of scenes: choose one of 01, 02, 03"):
        open_dataset(campus)
    with pytest.raises(DatasetError, match="no scene 2: choose one of 01, 02, 03"):
        open_dataset(campus, scene="2")
    for where in ({"path": tmp_path}, {"path": None, "good": tmp_path}):
        with pytest.raises(DatasetError, match="leave out scene"):
            open_dataset(**where, scene="01")


def test_a_mask_that_does_not_fit_is_refused(copy: Path):
    frame_mask = copy / "testing" / "test_frame_mask" / "01_0014.npy"
    pixel_mask = copy / "testing" / "test_pixel_mask" / "01_0014.npy"
    kept = np.load(pixel_mask)
    np.save(pixel_mask, np.zeros((20, 64), np.uint8))
    with pytest.raises(DatasetError, match=r"shape \(20, 64\)"):
        open_datasets(copy)
    np.save(pixel_mask, kept)
    np.save(frame_mask, np.zeros(19, np.uint8))
    with pytest.raises(
        DatasetError, match=r"01_0014\.npy has the shape \(19,\), but its video has 20 frames"
    ):
        open_datasets(copy)


def test_a_missing_pixel_mask_is_accepted_where_nothing_is_unusual(copy: Path):
    masks = copy / "testing" / "test_pixel_mask"
    (masks / "01_0015.npy").unlink()
    usual = open_dataset(copy, scene="01").test[20:]
    assert {(sample.is_defective, sample.mask_path) for sample in usual} == {(False, None)}
    (masks / "01_0014.npy").unlink()
    with pytest.raises(DatasetError, match=r"01_0014\.npy: add it"):
        open_datasets(copy)


def test_a_missing_frame_mask_or_frame_is_refused(copy: Path):
    mask = copy / "testing" / "test_frame_mask" / "02_0014.npy"
    mask.unlink()
    with pytest.raises(DatasetError, match="02_0014 has no frame mask"):
        open_datasets(copy)
    mask.touch()
    for frame in (copy / "testing" / "frames" / "02_0014").iterdir():
        frame.unlink()
    with pytest.raises(DatasetError, match="no frame in"):
        open_datasets(copy)


def test_a_data_set_without_videos_is_refused(tmp_path: Path):
    for folder in ("training/videos", "testing/frames"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DatasetError, match="no video SS_VVV"):
        open_datasets(tmp_path)
