"""Manifests and folders with anything in them: a data set or one sentence."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flawflow.datasets import Dataset, open_dataset
from flawflow.errors import DatasetError

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)

HEAD = "image_path,label_index,split,mask_path"


@pytest.fixture
def opened(tmp_path, is_sentence):
    """Write a manifest; give its data set, or None where it was refused in one sentence."""
    for name in ("a.png", "b.png", "mask.png"):
        Image.new("L", (8, 8)).save(tmp_path / name)

    def open_it(content):
        path = tmp_path / "manifest.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        try:
            dataset = open_dataset(path)
        except DatasetError as error:
            is_sentence(error)
            named = any(word in str(error) for word in ("manifest.csv", "training and for testing"))
            assert named, str(error)[:500]  # noqa: PT017
            return None
        assert isinstance(dataset, Dataset)
        assert all(sample.path.is_file() for sample in dataset.samples)
        return dataset

    return open_it


REFUSED = {
    "nothing": "",
    "line ends": "\n\n\r\n",
    "a NUL": f"{HEAD}\na\0.png,0,train,",
    "NULs": b"\0" * 5000,
    "UTF-16": f"{HEAD}\na.png,0,train,".encode("utf-16"),
    "no UTF-8": HEAD.encode() + b"\n\xff\xfe.png,0,train,",
    "a lone surrogate": f"{HEAD}\n\ud800.png,0,train,",
    "semicolons": f"{HEAD}\na.png,0,train,".replace(",", ";"),
    "no rows": HEAD,
    "a column twice": "image_path,image_path\na.png,a.png",
    "an endless name": f"{HEAD}\n{'x' * 9000},0,train,",
    "an endless field": f"{HEAD}\n{'x' * 200_000},0,train,",
    "an open quote": f'{HEAD}\n"a.png,0,train,\n' + "b.png,0,train\n" * 20_000,
    "many columns": ",".join("x" * 3 for _ in range(100_000)),
    "short row": f"{HEAD}\na.png",
    "label 2": f"{HEAD}\na.png,2,train,",
    "label in words": f"{HEAD}\na.png,good,train,",
    "label of another script": f"{HEAD}\na.png,١,train,",
    "split": f"{HEAD}\na.png,0,Train,",
    "escape codes": f"{HEAD}\n\x1b[2J\x07.png,0,train,",
    "a folder": f"{HEAD}\n.,0,train,",
    "a device": f"{HEAD}\n/dev/zero,0,train,",
    "a missing mask": f"{HEAD}\na.png,1,test,../../etc/none.png",
    "both": f"{HEAD}\na.png,0,train,\n./a.png,0,test,",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9,
    "a line end in a name": f'{HEAD}\n"a\n.png",0,train,',
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, opened):
    assert opened(REFUSED[name]) is None


def test_odd_but_right(opened):
    rows = (
        f"{HEAD}\na.png,0,train,",
        f"{HEAD},more,,\r\na.png,0,train,,,,,,,,",
        f"\ufeff{HEAD}\n  a.png , 0, train,",
        f'{HEAD}\n"a.png","0","train",""\n\n\n',
        f"{HEAD}\na.png,0,train,\na.png,0,train,",
    )
    for content in rows:
        assert {sample.path.name for sample in opened(content).train} == {"a.png"}


@in_one_folder
@given(st.binary(max_size=300))
def test_any_bytes(opened, content):
    opened(content)


CELLS = st.sampled_from(
    ["a.png", "b.png", "mask.png", "0", "1", "train", "test", "", "..", "/", "\0", '"', "\n", "é" * 300]
) | st.text(max_size=9)


@in_one_folder
@given(
    columns=st.permutations([*HEAD.split(","), "label", "x"]),
    rows=st.lists(st.lists(CELLS, max_size=8), max_size=5),
)
def test_any_cells(opened, columns, rows):
    opened("\n".join([",".join(columns), *(",".join(row) for row in rows)]))


@in_one_folder
@given(seed=st.integers(0, 10**9))
def test_damaged(opened, seed):
    good = f"{HEAD},label\na.png,0,train,,good\nb.png,1,test,mask.png,scratch\n".encode()
    content = bytearray(good)
    for step in range(1 + seed % 3):
        place = (seed // 7 + 31 * step) % len(content)
        content[place] = (seed >> (8 * step)) & 0xFF
    opened(bytes(content))


@pytest.mark.parametrize(
    "name",
    ["", "\0", "a\0.csv", "x" * 300 + ".csv", "x/" * 9000, "\ud800.csv", "a\nb", "/dev/zero", "\x1b[2J"],
)
def test_odd_paths(name, tmp_path, is_sentence):
    path = tmp_path / name if name in ("", "a\nb") else name
    for options in ({"path": path}, {"path": None, "good": tmp_path, "bad": name}):
        with pytest.raises(DatasetError) as caught:
            open_dataset(**options)
        is_sentence(caught.value)


def test_folders_that_go_round_or_lead_nowhere_end(tmp_path, is_sentence):
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone")
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    os.mkfifo(tmp_path / "pipe.png")
    deep = tmp_path
    for _ in range(60):
        deep /= "d"
    deep.mkdir(parents=True)
    Image.new("L", (8, 8)).save(deep / "a.png")
    try:
        names = {sample.path.name for sample in open_dataset(tmp_path).samples}
    except DatasetError as error:
        is_sentence(error)
    else:
        assert "a.png" in names


def test_names_in_bytes_that_are_no_text(tmp_path):
    folder = os.fsencode(tmp_path) + b"/part\xff"
    Path(os.fsdecode(folder), "train/good").mkdir(parents=True)
    Image.new("L", (8, 8)).save(folder.decode("utf-8", "surrogateescape") + "/train/good/a\udcfe.png")
    dataset = open_dataset(os.fsdecode(folder))
    assert len(dataset.train) == 1
