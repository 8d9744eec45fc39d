import numpy as np
import pytest
from PIL import Image

import flawflow
from flawflow.dataset import Dataset, Sample, open_dataset
from flawflow.errors import DatasetError, PictureError
from flawflow.inspect import Inspector
from flawflow.inspect.evaluate import evaluate


def save(folder, name, picture):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(folder / name)
    return folder / name


@pytest.fixture
def folder(tmp_path):
    """A data set like MVTec's, at twice the model's size: good pictures are dark, defects are bright."""
    root = tmp_path / "lamp"
    dark = np.full((64, 64, 3), 20, np.uint8)
    for split, count in (("train", 2), ("test", 3)):
        for index in range(count):
            save(root / split / "good", f"{index}.png", dark + np.uint8(index))
    for index, kind in enumerate(("glow", "glow", "spark")):
        mask = np.zeros((64, 64), np.uint8)
        mask[8 : 24 + 8 * index, 16:40] = 255
        save(root / "test" / kind, f"{index}.png", np.maximum(dark, mask[..., None] // 2))
        save(root / "ground_truth" / kind, f"{index}_mask.png", mask)
    return root


def test_a_perfect_model_on_bright_defects(tiny_model, folder):
    result = evaluate(tiny_model, folder)
    assert (result.image_count, result.defect_count) == (6, 3)
    assert result.image_auroc == result.image_average_precision == 1.0
    assert set(result.per_defect) == {"glow", "spark"}
    # The map is blurred by one pixel, and so is not perfect at the edges of the masks.
    assert 0.98 < result.pixel_auroc <= 1.0
    assert result.aupro > 0.9


def test_all_ways_to_name_model_and_data(tiny_model, folder):
    expected = flawflow.evaluate(str(tiny_model), str(folder))
    dataset = open_dataset(folder)
    assert evaluate(Inspector.load(tiny_model), dataset) == expected


def test_a_defect_without_a_mask_counts_for_the_picture_only(tiny_model, folder):
    dataset = open_dataset(folder)
    samples = tuple(Sample(s.path, s.split, s.is_defective, s.defect_type, None) for s in dataset.samples)
    result = evaluate(tiny_model, Dataset("lamp", samples))
    assert result.image_auroc == 1.0
    assert result.pixel_auroc is None


def test_progress_counts_every_picture(tiny_model, folder):
    seen = []
    evaluate(tiny_model, folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_without_test_pictures(tiny_model, folder):
    with pytest.raises(DatasetError, match="no test pictures"):
        evaluate(tiny_model, folder / "train" / "good")


def test_a_damaged_test_picture_is_not_left_out(tiny_model, folder):
    (folder / "test" / "good" / "0.png").write_bytes(b"not a picture")
    with pytest.raises(PictureError, match=r"0\.png"):
        evaluate(tiny_model, folder)
