import numpy as np
import pytest
from PIL import Image

import flawflow
from flawflow.datasets import Dataset, Sample, open_dataset
from flawflow.errors import DatasetError, MetricError
from flawflow.inspection import Inspector
from flawflow.inspection.evaluate import evaluate


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


def test_what_cannot_be_used_is_named_and_the_rest_measured(tiny_model, folder):
    whole = evaluate(tiny_model, folder)
    (folder / "test" / "good" / "0.png").write_bytes(b"not a picture")
    (folder / "test" / "glow" / "9.png").symlink_to(folder / "gone.png")
    (folder / "ground_truth" / "glow" / "0_mask.png").write_bytes(b"no mask")
    save(folder / "ground_truth" / "glow", "1_mask.png", np.full((64, 32), 255, np.uint8))
    save(folder / "ground_truth" / "spark", "2_mask.png", np.full((64, 64), 255, np.uint8))
    result = evaluate(tiny_model, folder)
    assert (result.image_count, result.defect_count) == (whole.image_count - 1, whole.defect_count)
    assert result.per_defect["glow"].masked_count == 0
    assert len(result.left_out) == 4
    reasons = {
        "good/0.png": "is not a PNG",
        "9.png": "does not exist",
        "0_mask.png": "is not a PNG",
        "1_mask.png": "32 × 64 pixels, another shape than its picture's 64 × 64",
    }
    for name, sentence in reasons.items():
        assert any(name in said and sentence in said for said in result.left_out)
    assert any("2_mask.png marks the whole picture" in note for note in result.notes)
    assert any("1 of 4 defective pictures has no mask" in note for note in result.notes)


def test_a_mask_may_have_another_size_of_the_same_shape(tiny_model, folder):
    for index in range(2):
        mask = Image.open(folder / "ground_truth" / "glow" / f"{index}_mask.png")
        mask.resize((512, 512), Image.Resampling.NEAREST).save(
            folder / "ground_truth" / "glow" / f"{index}_mask.png"
        )
    assert evaluate(tiny_model, folder).left_out == ()


def test_where_nothing_is_left_the_first_reason_is_said(tiny_model, folder):
    for path in (folder / "test" / "good").iterdir():
        path.write_bytes(b"not a picture")
    with pytest.raises(
        MetricError, match=r"no good picture.* 3 could not be used; the first: .*0\.png is no"
    ):
        evaluate(tiny_model, folder)


def test_a_good_picture_with_a_defect_in_its_mask_is_left_out(tiny_model, folder):
    dataset = open_dataset(folder)
    mask = folder / "ground_truth" / "spark" / "2_mask.png"
    samples = [
        Sample(
            s.path, s.split, s.is_defective, s.defect_type, mask if s.path.name == "1.png" else s.mask_path
        )
        for s in dataset.samples
        if s.path.parent.name != "glow"
    ]
    result = evaluate(tiny_model, Dataset("lamp", tuple(samples)))
    assert "test/good/1.png is called good and its mask shows a defect" in result.left_out[0]
    assert result.image_count == 3


def test_each_picture_has_a_result_and_those_nearest_to_a_wrong_verdict_keep_their_maps(tiny_model, tmp_path):
    samples = []
    for kind, levels in (("good", range(10, 90, 10)), ("spot", (200, 60, 130)), ("dent", (255,))):
        for level in levels:
            picture = np.full((32, 32, 3), level, np.uint8)
            path = save(tmp_path, f"{len(samples):02d}.png", picture)
            samples.append(Sample(path, "test", kind != "good", kind, None))
    result = evaluate(tiny_model, Dataset("lamp", tuple(samples)))
    inspector = Inspector.load(tiny_model)
    assert [one.path for one in result.images] == [sample.path for sample in samples]
    for one, sample in zip(result.images, samples, strict=True):
        alone = inspector.inspect(sample.path)
        assert (one.score, one.p_value, one.verdict) == (alone.score, alone.p_value, alone.verdict)
        assert (one.kind, one.is_defective) == (sample.defect_type, sample.is_defective)
        if one.inspection is not None:
            assert one.inspection.path == sample.path
            np.testing.assert_array_equal(one.inspection.graph_map, alone.graph_map)
    shown = {kind: [round(255 * one.score) for one in some] for kind, some in result.shown().items()}
    assert shown == {"good": [80, 70, 60, 50, 40, 30], "dent": [255], "spot": [60, 130, 200]}
    assert list(shown) == ["good", "dent", "spot"]
    assert "pictures" not in result.to_dict()
