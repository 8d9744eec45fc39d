"""Data sets are opened as their publishers lay them out: small trees, drawn as they describe them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.compare.plan import open_categories
from flawflow.datasets import Dataset, has_layout, open_dataset
from flawflow.datasets.sample import Saturation
from flawflow.datasets.truth import read_truth
from flawflow.errors import DatasetError

DARK = np.full((24, 32), 20, np.uint8)


def draw(root: Path, *names: str, level: int = 255, size: tuple[int, int] = (24, 32)) -> Path:
    """Draw pictures, and masks of one level, whose names say which they are."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_mask = any(word in name.lower() for word in ("mask", "ground_truth", "/gt/")) or (
            "NG" in path.parts and path.suffix == ".png"
        )
        pixels = np.zeros(size, np.uint8) if is_mask else np.full(size, 20, np.uint8)
        if is_mask and "/good/" not in name:
            pixels[4:10, 5:15] = level
        Image.fromarray(pixels).save(path)
    return root


def roles(dataset: Dataset, root: Path) -> list[tuple[str, str, str, list[str]]]:
    return [
        (
            sample.path.relative_to(root).as_posix(),
            sample.split,
            sample.defect_type,
            [mask.relative_to(root).as_posix() for mask in sample.mask_files],
        )
        for sample in dataset.samples
    ]


def test_mvtec_ad_2(tmp_path: Path):
    root = draw(
        tmp_path / "mvtec_ad_2" / "can",
        "train/good/000_regular.png", "train/good/001_regular.png", "validation/good/000_regular.png",
        "test_public/good/000_regular.png", "test_public/bad/000_regular.png",
        "test_public/bad/001_shift_1.png",
        "test_public/ground_truth/bad/000_regular_mask.png",
        "test_public/ground_truth/bad/001_shift_1_mask.png",
        "test_private/000_regular.png", "test_private/001_regular.png", "test_private_mixed/000_mixed.png",
    )  # fmt: skip
    dataset = open_dataset(root)
    assert dataset.name == "can"
    truth = "test_public/ground_truth/bad"
    assert roles(dataset, root) == [
        ("train/good/000_regular.png", "train", "good", []),
        ("train/good/001_regular.png", "train", "good", []),
        ("test_public/good/000_regular.png", "test", "good", []),
        ("test_public/bad/000_regular.png", "test", "bad", [f"{truth}/000_regular_mask.png"]),
        ("test_public/bad/001_shift_1.png", "test", "bad", [f"{truth}/001_shift_1_mask.png"]),
    ]
    assert [path.relative_to(root).as_posix() for path in dataset.unlabelled] == [
        "test_private/000_regular.png", "test_private/001_regular.png", "test_private_mixed/000_mixed.png",
    ]  # fmt: skip
    (note,) = dataset.notes
    assert "validation are neither learned from nor tested with: flawflow calibrate" in note


def test_mvtec_3d_gives_its_colour_pictures(tmp_path: Path):
    root = draw(
        tmp_path / "bagel",
        "train/good/rgb/000.png", "train/good/xyz/000.tiff", "train/good/gt/000.png",
        "test/good/rgb/000.png", "test/good/gt/000.png", "test/good/xyz/000.tiff",
        "test/crack/rgb/000.png", "test/crack/rgb/001.png", "test/crack/gt/000.png",
        "test/crack/xyz/000.tiff",
    )  # fmt: skip
    dataset = open_dataset(root)
    assert roles(dataset, root) == [
        ("train/good/rgb/000.png", "train", "good", []),
        ("test/good/rgb/000.png", "test", "good", []),
        ("test/crack/rgb/000.png", "test", "crack", ["test/crack/gt/000.png"]),
        ("test/crack/rgb/001.png", "test", "crack", []),
    ]
    assert dataset.name == "bagel"
    assert "1 of 2 defective pictures has no mask" in dataset.notes[0]


CONFIG = [
    {
        "defect_name": "missing_cherry",
        "pixel_value": 255,
        "saturation_threshold": 20,
        "relative_saturation": False,
    },
    {"defect_name": "scratch", "pixel_value": 251, "saturation_threshold": 1.0, "relative_saturation": True},
]


@pytest.fixture
def loco(tmp_path: Path) -> Path:
    root = draw(
        tmp_path / "juice_bottle",
        "train/good/000.png", "validation/good/000.png", "test/good/000.png",
        "test/logical_anomalies/000.png", "test/structural_anomalies/000.png",
        "ground_truth/logical_anomalies/000/000.png",
    )  # fmt: skip
    draw(root, "ground_truth/logical_anomalies/000/001.png", level=251)
    draw(root, "ground_truth/structural_anomalies/000/000.png", level=251)
    (root / "defects_config.json").write_text(json.dumps(CONFIG))
    return root


def test_mvtec_loco_has_a_mask_a_defect_and_its_saturation(loco: Path):
    dataset = open_dataset(loco)
    truth = "ground_truth/logical_anomalies/000"
    assert roles(dataset, loco) == [
        ("train/good/000.png", "train", "good", []),
        ("test/good/000.png", "test", "good", []),
        (
            "test/logical_anomalies/000.png",
            "test",
            "logical_anomalies",
            [f"{truth}/000.png", f"{truth}/001.png"],
        ),
        (
            "test/structural_anomalies/000.png",
            "test",
            "structural_anomalies",
            ["ground_truth/structural_anomalies/000/000.png"],
        ),
    ]
    assert dataset.saturations == {255: Saturation(20, False), 251: Saturation(1.0, True)}
    sample = dataset.test[1]
    found = read_truth(sample, (24, 32), dataset.saturations)
    # Of 60 pixels 20 are enough for the one, all for the other.
    assert [defect.saturation for defect in found.defects] == [pytest.approx(20 / 60), 1.0]
    assert found.mask.sum() == 60
    assert read_truth(dataset.test[0], (24, 32), dataset.saturations).mask is None


def test_a_mask_that_the_configuration_does_not_know_is_named(loco: Path):
    draw(loco, "ground_truth/structural_anomalies/000/000.png", level=7)
    dataset = open_dataset(loco)
    found = read_truth(dataset.test[2], (24, 32), dataset.saturations)
    assert found.mask is None
    assert (
        "has the level 7, for which the data set states no saturation (only for 251, 255)"
        in found.left_out[0]
    )
    draw(loco, "ground_truth/logical_anomalies/000/001.png", level=251, size=(24, 60))
    assert (
        "another shape than its picture's"
        in read_truth(dataset.test[1], (24, 32), dataset.saturations).left_out[0]
    )


@pytest.mark.parametrize(
    "text", ["{", "[1]", '[{"pixel_value": 255}]', json.dumps([CONFIG[1] | {"saturation_threshold": 0}])]
)
def test_a_damaged_configuration_is_refused(loco: Path, text: str):
    (loco / "defects_config.json").write_text(text)
    with pytest.raises(DatasetError, match=r"defects_config\.json states"):
        open_dataset(loco)


def test_an_area_larger_than_the_defect_is_all_of_it():
    assert Saturation(100, False).share(60) == 1.0
    assert Saturation(0.25, True).share(60) == 0.25


@pytest.mark.parametrize("suffix", ["bmp", "png"])
def test_btad(tmp_path: Path, suffix: str):
    root = draw(
        tmp_path / "BTech_Dataset_transformed" / "01",
        f"train/ok/0000.{suffix}", f"test/ok/0001.{suffix}", f"test/ko/0002.{suffix}",
        "ground_truth/ko/0002.png",
    )  # fmt: skip
    dataset = open_dataset(root)
    assert dataset.name == "01"
    assert roles(dataset, root) == [
        (f"train/ok/0000.{suffix}", "train", "good", []),
        (f"test/ok/0001.{suffix}", "test", "good", []),
        (f"test/ko/0002.{suffix}", "test", "ko", ["ground_truth/ko/0002.png"]),
    ]


def test_mpdd(tmp_path: Path):
    root = draw(
        tmp_path / "bracket_black",
        "train/good/000.png", "test/good/000.png", "test/hole/000.png", "ground_truth/hole/000_mask.png",
    )  # fmt: skip
    assert roles(open_dataset(root), root)[-1] == (
        "test/hole/000.png",
        "test",
        "hole",
        ["ground_truth/hole/000_mask.png"],
    )


VISA = """object,split,label,image,mask
candle,train,normal,candle/Data/Images/Normal/0557.JPG,
candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png
candle,test,normal,candle/Data/Images/Normal/0012.JPG,
pcb1,train,normal,pcb1/Data/Images/Normal/0000.JPG,
"""


@pytest.fixture
def visa(tmp_path: Path) -> Path:
    root = draw(
        tmp_path / "VisA",
        "candle/Data/Images/Normal/0557.JPG", "candle/Data/Images/Normal/0012.JPG",
        "candle/Data/Images/Anomaly/000.JPG", "candle/Data/Masks/Anomaly/000.png",
    )  # fmt: skip
    (root / "split_csv").mkdir()
    (root / "split_csv" / "1cls.csv").write_text(VISA)
    return root


def test_visa(visa: Path, monkeypatch: pytest.MonkeyPatch):
    dataset = open_dataset(visa / "candle")
    assert dataset.name == "candle"
    assert roles(dataset, visa / "candle" / "Data") == [
        ("Images/Normal/0557.JPG", "train", "good", []),
        ("Images/Normal/0012.JPG", "test", "good", []),
        ("Images/Anomaly/000.JPG", "test", "anomaly", ["Masks/Anomaly/000.png"]),
    ]
    assert [one.name for one in open_categories([visa])] == ["candle"]
    monkeypatch.chdir(visa / "candle")
    assert open_dataset(".").name == "candle"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, r"1cls\.csv, which says what to learn from, does not exist"),
        ("object,split\n", "lacks one of the columns"),
        (VISA.replace("candle,", "candles,"), "lists no picture of candle"),
        (VISA.replace("0012", "0013"), r"Line 4 of .* names a file that does not exist"),
        (VISA.replace("test,normal", "test,fine"), "the label 'fine'"),
        (VISA.replace("train,normal", "validation,normal"), "the split 'validation'"),
    ],
)
def test_visa_without_its_list(visa: Path, text: str | None, words: str):
    listing = visa / "split_csv" / "1cls.csv"
    listing.unlink() if text is None else listing.write_text(text)
    with pytest.raises(DatasetError, match=words):
        open_dataset(visa / "candle")


def entry(kind: str, sample: int, view: int) -> dict[str, str | None]:
    folder = f"OK/S{sample:04d}" if kind == "OK" else f"NG/{kind}/S{sample:04d}"
    stem = f"{folder}/audiojack_{sample:04d}_{'OK' if kind == 'OK' else f'NG_{kind}'}_C{view}_20230915"
    mask = None if kind == "OK" else f"{stem}.png"
    return {"category": "audiojack", "anomaly_class": kind, "image_path": f"{stem}.jpg", "mask_path": mask}


def listed(train: list[dict[str, str | None]], test: list[dict[str, str | None]]) -> str:
    meta = {"prefix": "audiojack/", "normal_class": "OK", "pre_transform": ["resize"]}
    return json.dumps({"meta": meta, "train": train, "test": test})


@pytest.fixture
def real_iad(tmp_path: Path) -> Path:
    root = tmp_path / "Real-IAD"
    entries = [entry("OK", 1, 1), entry("OK", 1, 2), entry("OK", 2, 1), entry("AK", 3, 1)]
    for size in ("realiad_1024", "realiad_256"):
        files = [each[name] for each in entries for name in ("image_path", "mask_path") if each[name]]
        draw(root / size / "audiojack", *files)
    lists = root / "realiad_jsons" / "realiad_jsons"
    (lists.parent / "realiad_jsons_sv").mkdir(parents=True)
    lists.mkdir()
    (lists / "audiojack.json").write_text(listed(entries[:2], entries[2:]))
    noisy = listed([entries[0], entries[3]], entries[2:3])
    (lists.parent / "realiad_jsons_sv" / "audiojack.json").write_text(noisy)
    return root


def test_real_iad_by_the_folder_of_a_product(real_iad: Path):
    root = real_iad / "realiad_1024" / "audiojack"
    dataset = open_dataset(root)
    assert (dataset.name, dataset.notes) == ("audiojack", ())
    assert roles(dataset, root) == [
        ("OK/S0001/audiojack_0001_OK_C1_20230915.jpg", "train", "good", []),
        ("OK/S0001/audiojack_0001_OK_C2_20230915.jpg", "train", "good", []),
        ("OK/S0002/audiojack_0002_OK_C1_20230915.jpg", "test", "good", []),
        (
            "NG/AK/S0003/audiojack_0003_NG_AK_C1_20230915.jpg",
            "test",
            "AK",
            ["NG/AK/S0003/audiojack_0003_NG_AK_C1_20230915.png"],
        ),
    ]
    flat = real_iad / "realiad_jsons" / "audiojack.json"
    (real_iad / "realiad_jsons" / "realiad_jsons" / "audiojack.json").rename(flat)
    assert open_dataset(root) == dataset


def test_real_iad_by_a_list_with_noise(real_iad: Path):
    dataset = open_dataset(real_iad / "realiad_jsons" / "realiad_jsons_sv" / "audiojack.json")
    assert len(dataset.train) == 1
    # The largest pictures that are there.
    assert dataset.train[0].path.is_relative_to(real_iad / "realiad_1024")
    assert dataset.notes == ("1 defective pictures that audiojack.json has for training were left out.",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "is no list of Real-IAD"),
        ("{", "is no list of Real-IAD"),
        (listed([], []), "lists no picture"),
        (listed([{"anomaly_class": "OK", "image_path": "a.jpg"}], []), r"is no list of Real-IAD .*mask_path"),
        (listed([entry("OK", 9, 1)], []), "lists pictures that are not beside it"),
        (listed([entry("OK", 1, 1), entry("OK", 9, 1)], []), "names a file that does not exist"),
    ],
)
def test_real_iad_with_a_damaged_list(real_iad: Path, text: str, words: str):
    path = real_iad / "realiad_jsons" / "realiad_jsons" / "audiojack.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=words):
        open_dataset(path)


def test_plain_folders_have_no_layout(tmp_path: Path):
    draw(tmp_path, "OK/0.png")
    assert not has_layout(tmp_path)
    assert not has_layout(tmp_path / "OK" / "0.png")
    assert len(open_dataset(tmp_path).train) == 1
