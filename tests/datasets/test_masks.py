"""Masks find their pictures however they are named, and what finds none is said."""

import unicodedata
from pathlib import Path

import pytest

from flawflow.datasets import open_dataset
from flawflow.datasets.masks import Pairs, pair_masks


def pair(root: Path, pictures: list[str], masks: list[str]) -> Pairs:
    for folder, names in (("bad", pictures), ("masks", masks)):
        for name in names:
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return pair_masks([root / "bad" / name for name in pictures], root / "bad", root / "masks")


@pytest.mark.parametrize(
    "mask",
    ["0.png", "0_mask.png", "0_MASK.PNG", "0-mask.png", "0_gt.png", "0.mask.png", "0_ground_truth.tif",
     "0_label.png", "0_seg.bmp", "mask_0.png", "GT-0.png", "0 mask.png"],
)  # fmt: skip
def test_usual_names(mask: str, tmp_path: Path) -> None:
    pairs = pair(tmp_path, ["scratch/0.jpg"], [f"Scratch/{mask}"])
    assert pairs.mask_of == {tmp_path / "bad/scratch/0.jpg": tmp_path / "masks/Scratch" / mask}
    assert pairs.notes == ()


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_the_unicode_form_does_not_count(forms: tuple[str, str], tmp_path: Path) -> None:
    picture, mask = (unicodedata.normalize(form, "Stück") for form in forms)
    assert len(pair(tmp_path, [f"{picture}.jpg"], [f"{mask}_mask.png"]).mask_of) == 1


def test_a_picture_that_is_named_like_a_mask_keeps_its_own(tmp_path: Path) -> None:
    pairs = pair(tmp_path, ["a.jpg", "a_gt.jpg"], ["a.png", "a_gt.png"])
    assert {picture.name: mask.name for picture, mask in pairs.mask_of.items()} == {
        "a.jpg": "a.png", "a_gt.jpg": "a_gt.png",
    }  # fmt: skip


def test_what_is_without_its_other_half_is_named(tmp_path: Path) -> None:
    pairs = pair(tmp_path, ["0.jpg", "1.jpg", "2.jpg"], ["0_mask.png", "07_mask.png"])
    assert pairs.notes == (
        "2 of 3 defective pictures have no mask and count for picture measures only (1.jpg, 2.jpg): name "
        "each mask after its picture, as STEM_mask.png.",
        "1 mask belongs to no picture by name (07_mask.png).",
    )


def test_a_manifest_says_which_pictures_have_no_mask(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png", "m.png"):
        (tmp_path / name).touch()
    rows = "a.png,0,train,\nb.png,1,test,m.png\nc.png,1,test,\n"
    head = "image_path,label_index,split,mask_path"
    (tmp_path / "list.csv").write_text(f"{head}\n{rows}")
    (note,) = open_dataset(tmp_path / "list.csv").notes
    assert "1 of 2 defective pictures has no mask" in note
    rows = rows.replace("m.png", "")
    (tmp_path / "list.csv").write_text(f"{head}\n{rows}")
    assert open_dataset(tmp_path / "list.csv").notes == ()
