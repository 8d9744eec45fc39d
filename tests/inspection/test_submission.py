"""Maps for the server of MVTec AD 2: where it looks for them, of the size and type that it takes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from flawflow.datasets import open_dataset
from flawflow.errors import DatasetError
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.submission import write_submission


@pytest.fixture
def can(tmp_path: Path) -> Path:
    root = tmp_path / "mvtec_ad_2" / "can"
    for k, name in enumerate(
        ("train/good/000_regular", "test_public/good/000_regular", "test_private/000_regular",
         "test_private/001_regular", "test_private_mixed/000_mixed")
    ):  # fmt: skip
        picture = np.full((48, 80, 3), 20, np.uint8)
        picture[10:20, 10 + 10 * k : 20 + 10 * k] = 250
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / f"{name}.png")
    return root


def test_every_private_picture_has_its_maps(tiny_model: Path, can: Path, tmp_path: Path):
    inspector = Inspector.load(tiny_model)
    seen: list[tuple[int, int]] = []
    out = tmp_path / "handed_in"
    assert write_submission(inspector, open_dataset(can), out, progress=lambda *step: seen.append(step)) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    names = ["test_private/000_regular", "test_private/001_regular", "test_private_mixed/000_mixed"]
    assert written == [
        *(f"anomaly_images/can/{name}.tiff" for name in names),
        *(f"anomaly_images_thresholded/can/{name}.png" for name in names),
    ]
    low, high = inspector.card.colormap_range
    for name in names:
        expected = inspector.inspect(can / f"{name}.png").anomaly_map
        values = tifffile.imread(out / "anomaly_images" / "can" / f"{name}.tiff")
        assert (values.dtype, values.shape) == (np.float16, (48, 80))
        np.testing.assert_allclose(values, (expected - low) / (high - low), atol=2e-3)
        binary = np.asarray(Image.open(out / "anomaly_images_thresholded" / "can" / f"{name}.png"))
        assert binary.dtype == np.uint8
        np.testing.assert_array_equal(binary, 255 * (expected > 0.5))
        assert 0 < binary.mean() < 255


def test_values_beyond_16_bits_stay_finite(tiny_model: Path, can: Path, tmp_path: Path):
    inspector = Inspector.load(tiny_model)
    inspector.card = replace(inspector.card, colormap_range=(0.1, 0.1 + 1e-6))
    write_submission(inspector, open_dataset(can), tmp_path / "out", progress=lambda *_step: None)
    values = tifffile.imread(tmp_path / "out/anomaly_images/can/test_private/000_regular.tiff")
    assert np.isfinite(values).all()


def test_without_private_pictures_there_is_nothing_to_hand_in(tiny_model: Path, can: Path, tmp_path: Path):
    dataset = replace(open_dataset(can), unlabelled=())
    with pytest.raises(DatasetError, match="can has no test pictures without labels"):
        write_submission(Inspector.load(tiny_model), dataset, tmp_path, progress=lambda *_step: None)
