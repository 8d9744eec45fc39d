from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.datasets import open_dataset, open_datasets
from flawflow.errors import DatasetError


def draw(path: Path, *, odd: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.zeros((8, 12), np.uint8)
    levels[2:4, 3:5] = 255 * odd
    Image.fromarray(levels).save(path)


@pytest.fixture(params=["folders", "published"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two clips to learn from and two to test with, of which the first has an odd frame."""
    root = tmp_path / "ped2"
    published = request.param == "published"
    train, test, suffix = ("Train", "Test", ".tif") if published else ("train", "test", ".png")
    for clip in ("Clip001", "Clip002"):
        for frame in range(3):
            draw(root / train / clip / f"{frame:03d}{suffix}")
            draw(root / test / clip / f"{frame:03d}{suffix}")
            truth = (
                root / test / f"{clip}_gt" / f"{frame:03d}.bmp"
                if published
                else root / "ground_truth" / clip / f"{frame:03d}_mask.png"
            )
            draw(truth, odd=(clip, frame) == ("Clip001", 1))
    return root


def test_a_frame_is_anomalous_where_its_mask_is_not_empty(scene: Path):
    dataset = open_dataset(scene)
    assert (dataset.name, dataset.notes, dataset.scene_of) == ("ped2", (), "")
    assert [sample.path.parent.name for sample in dataset.train] == ["Clip001"] * 3 + ["Clip002"] * 3
    assert [(sample.path.parent.name, sample.path.stem, sample.defect_type) for sample in dataset.test] == [
        ("Clip001", "000", "good"), ("Clip001", "001", "Clip001"), ("Clip001", "002", "good"),
        ("Clip002", "000", "good"), ("Clip002", "001", "good"), ("Clip002", "002", "good"),
    ]  # fmt: skip
    assert [
        bool(mask.any()) for mask in (sample.read_mask() for sample in dataset.test) if mask is not None
    ] == [sample.is_defective for sample in dataset.test]
    assert open_datasets(scene) == [dataset]


def test_a_frame_without_a_mask_is_refused(scene: Path):
    (mask,) = [*scene.rglob("Clip002*/002*.bmp"), *scene.rglob("Clip002/002_mask.png")]
    mask.unlink()
    with pytest.raises(DatasetError, match=r"Clip002.002\.\w+ has no mask in .*Clip002"):
        open_dataset(scene)


def test_folders_whose_test_pictures_have_no_masks_are_no_clips(tmp_path: Path):
    for name in ("train/a/0.png", "train/b/0.png", "test/good/0.png", "test/bad/0.png"):
        draw(tmp_path / name)
    draw(tmp_path / "ground_truth" / "bad" / "0_mask.png", odd=True)
    with pytest.raises(DatasetError, match="holds folders named"):
        open_dataset(tmp_path)


def test_ucsd_ped2(shared_data: Path):
    dataset = open_dataset(shared_data / "ucsd_ped2")
    assert len({sample.path.parent for sample in dataset.train}) == 16
    assert len({sample.path.parent for sample in dataset.test}) == 12
    assert {sample.defect_type for sample in dataset.test} == {"good", *(f"{n:02d}" for n in range(1, 13))}
