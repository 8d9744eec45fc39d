"""Which layout is found, which picture gets which role, and what is said where none can be given."""

from pathlib import Path

import pytest

from flawflow.datasets import Dataset, Sample, open_dataset
from flawflow.errors import DatasetError


def touch(root: Path, *names: str) -> Path:
    # Opening a dataset reads no picture: empty files will do.
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def roles(dataset: Dataset, root: Path) -> list[tuple[str, str, str, str | None]]:
    return [
        (
            sample.path.relative_to(root).as_posix(),
            sample.split,
            sample.defect_type,
            None if sample.mask_path is None else sample.mask_path.relative_to(root).as_posix(),
        )
        for sample in dataset.samples
    ]


def test_mvtec_layout(tmp_path: Path) -> None:
    root = touch(
        tmp_path / "bolt",
        "train/good/10.png", "train/good/9.PNG", "train/good/.9.png", "train/good/Thumbs.db",
        "test/good/0.png", "test/scratch/0.jpg", "test/scratch/1.jpg", "test/scratch/2.jpg",
        "test/dent/0.png", "ground_truth/scratch/0_mask.png", "ground_truth/scratch/1.BMP", "license.txt",
    )  # fmt: skip
    dataset = open_dataset(root)
    assert dataset.name == "bolt"
    assert roles(dataset, root) == [
        ("train/good/9.PNG", "train", "good", None),
        ("train/good/10.png", "train", "good", None),
        ("test/good/0.png", "test", "good", None),
        ("test/dent/0.png", "test", "dent", None),
        ("test/scratch/0.jpg", "test", "scratch", "ground_truth/scratch/0_mask.png"),
        ("test/scratch/1.jpg", "test", "scratch", "ground_truth/scratch/1.BMP"),
        ("test/scratch/2.jpg", "test", "scratch", None),
    ]
    assert all(sample.is_defective == (sample.defect_type != "good") for sample in dataset.samples)
    assert (len(dataset.train), len(dataset.test)) == (2, 5)


def test_the_one_folder_in_train_is_good_whatever_its_name(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/ok/0.png", "test/ok/1.png", "test/bad/2.png")
    assert roles(open_dataset(root), root) == [
        ("train/ok/0.png", "train", "good", None),
        ("test/ok/1.png", "test", "good", None),
        ("test/bad/2.png", "test", "bad", None),
    ]


def test_mvtec_without_a_test_folder_is_for_training_alone(tmp_path: Path) -> None:
    assert len(open_dataset(touch(tmp_path, "train/good/0.png")).train) == 1


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["train/good/0.txt", "test/good/1.png"], "no picture in .*train"),
        (["train/good/0.png", "test/1.png"], r"1\.png lies beside"),
    ],
)
def test_mvtec_that_cannot_serve(names: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=words):
        open_dataset(touch(tmp_path, *names))


def test_a_picture_may_not_be_learnt_and_tested(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/good/0.png", "test/bad/1.png")
    (root / "test" / "bad" / "0.png").symlink_to(root / "train" / "good" / "0.png")
    with pytest.raises(DatasetError, match=r"bad/0\.png is for training and for testing at once"):
        open_dataset(root)


def test_a_plain_folder_is_all_training(tmp_path: Path) -> None:
    root = touch(tmp_path / "caps", "b.png", "monday/a.tif", "monday/10.jpg", "monday/9.jpg", "notes.txt")
    dataset = open_dataset(str(root))
    assert [sample.path.name for sample in dataset.train] == ["b.png", "9.jpg", "10.jpg", "a.tif"]
    assert (dataset.name, dataset.test) == ("caps", ())


@pytest.mark.parametrize("name", ["bottle/test/good", "Bad", "ground_truth", "NG", "x/masks"])
def test_a_folder_that_holds_more_than_good_pictures_is_not_learnt(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="would be taken for good ones"):
        open_dataset(touch(tmp_path, "a.png", f"{name}/b.png"))
    # Only what lies below the folder counts.
    assert len(open_dataset(tmp_path / name).train) == 1


def test_the_name_is_the_parts_and_not_the_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch(tmp_path / "bottle", "train/good/0.png")
    assert open_dataset(root / "train" / "good").name == "bottle"
    assert open_dataset(None, good=root / "train" / "good").name == "bottle"
    monkeypatch.chdir(root / "train")
    assert open_dataset(Path()).name == "bottle"
    assert open_dataset("..").name == "bottle"


def good_and_bad(root: Path, count: int = 20) -> Path:
    touch(root, *(f"good/{i}.png" for i in range(count)))
    return touch(root, "bad/scratch/0.png", "bad/dent/0.png", "bad/1.png", "bad/2.png")


def test_good_alone_is_all_training(tmp_path: Path) -> None:
    assert len(open_dataset(None, good=good_and_bad(tmp_path) / "good").train) == 20


@pytest.mark.parametrize(("count", "held_out"), [(2, 1), (3, 1), (5, 1), (20, 4), (101, 20)])
def test_a_fifth_of_good_is_held_out_where_there_is_bad(count: int, held_out: int, tmp_path: Path) -> None:
    root = good_and_bad(tmp_path, count)
    dataset = open_dataset(None, good=root / "good", bad=root / "bad")
    assert len(dataset.train) == count - held_out
    assert sum(not sample.is_defective for sample in dataset.test) == held_out
    types = [sample.defect_type for sample in dataset.test if sample.is_defective]
    assert types == ["defective", "defective", "dent", "scratch"]


def test_the_held_out_pictures_depend_on_their_names_alone(tmp_path: Path) -> None:
    first, second = good_and_bad(tmp_path / "here"), good_and_bad(tmp_path / "else" / "where")
    for path in sorted((second / "good").iterdir(), reverse=True):
        path.unlink()
        path.touch()
    chosen = []
    for root in (first, second):
        dataset = open_dataset(None, good=root / "good", bad=root / "bad")
        chosen.append([sample.path.name for sample in dataset.test if not sample.is_defective])
    assert chosen[0] == chosen[1]
    # Pinned: an update must not move pictures from testing to training.
    assert chosen[0] == ["0.png", "6.png", "8.png", "18.png"]


def test_masks_are_found_by_path_then_by_a_name_that_is_unique(tmp_path: Path) -> None:
    root = good_and_bad(tmp_path)
    touch(
        root, "masks/scratch/0_mask.png", "masks/1.tif", "masks/0.png", "bad/deep/7.png", "masks/7_mask.png"
    )
    dataset = open_dataset(None, good=root / "good", bad=root / "bad", masks=root / "masks")
    masks = {role[0]: role[3] for role in roles(dataset, root) if role[0].startswith("bad")}
    assert masks == {
        "bad/1.png": "masks/1.tif",
        "bad/2.png": None,
        "bad/deep/7.png": "masks/7_mask.png",
        "bad/dent/0.png": None,  # masks/0.png could as well be that of scratch/0
        "bad/scratch/0.png": "masks/scratch/0_mask.png",
    }


def test_roles_that_cannot_be(tmp_path: Path) -> None:
    root = good_and_bad(tmp_path)
    touch(root, "one/a.png", "odd/good/b.png", "no/x.txt", "masks/zzz.png")
    good, bad = root / "good", root / "bad"
    cases = [
        (lambda: open_dataset(None), "Name either one dataset"),
        (lambda: open_dataset(good, good=good), "Name either one dataset"),
        (lambda: open_dataset(good, bad=bad), "Name either one dataset"),
        (lambda: open_dataset(None, good=good, masks=bad), "belong to no picture"),
        (lambda: open_dataset(None, good=root / "one", bad=bad), "a single good picture"),
        (lambda: open_dataset(None, good=good, bad=root / "odd"), "hold a folder 'good'"),
        (lambda: open_dataset(None, good=root, bad=bad), "good .* and bad at once"),
        (lambda: open_dataset(None, good=good, bad=bad, masks=root / "masks"), "No mask in"),
        (lambda: open_dataset(None, good=root / "no"), "no picture in"),
        (lambda: open_dataset(None, good=root / "gone"), "gone does not exist"),
        (lambda: open_dataset(root / "gone"), "gone does not exist"),
        (lambda: open_dataset(root / "no"), "no picture in"),
        (lambda: open_dataset(root / "no" / "x.txt"), "neither a folder nor a manifest"),
        (lambda: open_dataset("x" * 5000), "cannot be read"),
    ]
    for call, words in cases:
        with pytest.raises(DatasetError, match=words) as caught:
            call()
        assert str(caught.value).endswith(".")


def test_a_dataset_needs_samples(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no picture"):
        Dataset("empty", ())
    bad = Sample(tmp_path / "a.png", "train", True, "dent")
    assert Dataset("bolt", (bad,)).train == ()  # defective pictures are never learnt


@pytest.mark.parametrize(
    ("name", "train", "test", "defective"),
    [("mvtec/bottle", 209, 83, 63), ("mvtec/grid", 264, 78, 57), ("kolektorsdd", 277, 122, 52)],
)
def test_published_counts(name: str, train: int, test: int, defective: int, shared_data: Path) -> None:
    dataset = open_dataset(shared_data / name)
    assert (len(dataset.train), len(dataset.test)) == (train, test)
    assert sum(sample.is_defective for sample in dataset.test) == defective
    assert sum(sample.mask_path is not None for sample in dataset.test) == defective


def test_twelve_papers(shared_data: Path) -> None:
    papers = [open_dataset(path) for path in (shared_data / "piped").iterdir() if path.is_dir()]
    assert [(len(paper.train), len(paper.test)) for paper in papers] == [(32, 64)] * 12


def test_a_folder_of_several_parts_is_no_part(shared_data: Path) -> None:
    with pytest.raises(DatasetError, match="name the folder of one part"):
        open_dataset(shared_data / "mvtec")


def test_videos_are_good_pictures_of_a_plain_folder(tmp_path: Path):
    for name in ("a.png", "clip.MP4", "deep/b.avi", "notes.txt"):
        (tmp_path / "scene" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scene" / name).touch()
    dataset = open_dataset(tmp_path / "scene")
    assert [sample.path.name for sample in dataset.train] == ["a.png", "clip.MP4", "b.avi"]
    assert open_dataset(tmp_path / "scene" / "clip.MP4").train[0].path.name == "clip.MP4"
