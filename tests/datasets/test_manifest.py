"""A manifest's rows become samples, and a row that cannot names its line."""

from pathlib import Path

import pytest

from flawflow.datasets import open_dataset
from flawflow.errors import DatasetError

HEADER = "image_path,label_index,split,mask_path"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "gear"
    (root / "pictures").mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png", "c_mask.png", "d,e.png"):
        (root / "pictures" / name).touch()
    return root


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def test_rows_become_samples(folder: Path) -> None:
    path = write(
        folder,
        "split,image_path,label,label_index,mask_path,operator",
        "test,pictures/c.png,chipped,1,pictures/c_mask.png,Ann",
        "",
        f"train,{folder / 'pictures' / 'a.png'},normal,0,,Bo",
        'test,"pictures/d,e.png",,1,,',
        "test,pictures/b.png,,0",
    )
    dataset = open_dataset(path)
    assert dataset.name == "gear"
    assert [(s.path.name, s.split, s.is_defective, s.defect_type) for s in dataset.samples] == [
        ("a.png", "train", False, "good"),
        ("c.png", "test", True, "chipped"),
        ("d,e.png", "test", True, "defective"),
        ("b.png", "test", False, "good"),
    ]
    masks = [sample.mask_path for sample in dataset.samples]
    assert masks == [None, folder / "pictures" / "c_mask.png", None, None]


def test_the_mark_and_line_ends_of_spreadsheets_are_fine(folder: Path) -> None:
    path = folder / "manifest.CSV"
    path.write_bytes(b"\xef\xbb\xbfimage_path,label_index,split\r\npictures/a.png, 0, train \r\n")
    assert len(open_dataset(path).train) == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "lacks the column image_path"),
        (["image_path;label_index;split"], "lacks the column image_path"),
        (["image_path,label_index", "pictures/a.png,0"], "lacks the column split"),
        ([HEADER], "lists no picture"),
        ([HEADER, "pictures/a.png,0,train,", "pictures/gone.png,0,train,"], r"Line 3 of .*gone\.png"),
        ([HEADER, "pictures,0,train,"], r"Line 2 of .*image_path 'pictures'"),
        ([HEADER, ",0,train,"], r"Line 2 of .*image_path ''"),
        ([HEADER, "pictures/a.png,1,test,pictures/gone.png"], r"Line 2 of .*mask_path 'pictures/gone\.png'"),
        ([HEADER, "pictures/a.png,2,test,"], "Line 2 of .*label_index '2'"),
        ([HEADER, "pictures/a.png"], "Line 2 of .*label_index ''"),
        ([HEADER, "pictures/a.png,0,val,"], "Line 2 of .*split 'val'"),
        ([f"{HEADER},label", "pictures/a.png,1,test,,good"], "Line 2 of .*label 'good'"),
        ([HEADER, "pictures/a.png,0,train,", "pictures/../pictures/a.png,0,test,"], "at once"),
        ([HEADER, "x" * 200_000 + ",0,train,"], "cannot be read"),
    ],
)
def test_a_manifest_that_cannot_serve(lines: list[str], words: str, folder: Path) -> None:
    with pytest.raises(DatasetError, match=words) as caught:
        open_dataset(write(folder, *lines))
    assert "\n" not in str(caught.value)


def test_other_encodings_are_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match="save it as CSV in UTF-8"):
        open_dataset(write(folder, HEADER, "é.png,0,train,", encoding="utf-16"))
