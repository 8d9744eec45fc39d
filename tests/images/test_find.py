"""Files, folders and patterns: what is found, in which order, and what is said where nothing is."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import DatasetError
from flawflow.images import IMAGE_SUFFIXES, find_images, search
from flawflow.images.find import natural_key


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    good = ["p10.png", "p9.PNG", "P1.Jpeg", "sub/a.tif", "sub/deep/b.bmp", "sub/c.webp", "lot[7]/e.jpg"]
    for name in [*good, "notes.txt", ".hidden.png", ".trash/d.png"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_a_folder_is_searched_at_any_depth_in_natural_order(tree: Path) -> None:
    assert names(find_images([tree]), tree) == [
        "lot[7]/e.jpg", "P1.Jpeg", "p9.PNG", "p10.png", "sub/a.tif", "sub/c.webp", "sub/deep/b.bmp",
    ]  # fmt: skip


def test_patterns_take_pictures_and_folders_but_no_other_files(tree: Path) -> None:
    assert names(find_images([f"{tree}/*"]), tree) == names(find_images([tree]), tree)
    assert names(find_images([f"{tree}/**/*.b??"]), tree) == ["sub/deep/b.bmp"]
    assert names(find_images([tree / "p*.png"]), tree) == ["p10.png"]


def test_a_file_is_taken_whatever_its_name(tree: Path) -> None:
    assert find_images([tree / "notes.txt"]) == [tree / "notes.txt"]
    assert find_images(str(tree / ".hidden.png")) == [tree / ".hidden.png"]


def test_what_exists_is_no_pattern(tree: Path) -> None:
    assert names(find_images([tree / "lot[7]"]), tree) == ["lot[7]/e.jpg"]
    assert names(find_images([tree / "lot[7]" / "e.jpg"]), tree) == ["lot[7]/e.jpg"]


def test_each_file_comes_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    found = find_images(["sub", "./sub/a.tif", tree / "sub" / "*.tif", "sub/../sub/**"])
    assert [path.name for path in found] == ["a.tif", "c.webp", "b.bmp"]


def test_links_are_followed_and_never_round(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "sub" / "self").symlink_to(tree / "sub")
    (tree / "link.png").symlink_to(tree / "sub" / "a.tif")
    found = find_images([tree])
    assert names(found, tree).count("link.png") == 1
    assert len(found) == 8


@pytest.mark.parametrize("pattern", ["gone.png", "*.gif", "empty", "[", "x" * 5000])
def test_nothing_found_names_the_pattern(pattern: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    (tree / "empty").mkdir()
    with pytest.raises(DatasetError) as caught:
        find_images(["p10.png", pattern])
    assert pattern in str(caught.value)


def test_no_pattern_at_all_is_refused() -> None:
    with pytest.raises(DatasetError, match="No picture is named"):
        find_images([])


def test_suffixes_are_lower_case_with_a_dot() -> None:
    kinds = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".webp"}
    assert kinds == IMAGE_SUFFIXES


def test_what_is_passed_by_is_counted_and_named(tree: Path) -> None:
    for name in (
        "b.jfif",
        "c.JPE",
        "f.jpg ",
        "x.gif",
        "y.gif",
        "README",
        "@eaDir/p9.PNG/thumb.jpg",
        "Thumbs.db",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    found = search([tree])
    assert {"b.jfif", "c.JPE", "f.jpg "} <= {path.name for path in found.pictures}
    assert len(found.pictures) == 10
    system, others = found.notes
    assert system == f"Folders of thumbnails and the like were left out: {tree / '@eaDir'}."
    assert others == (
        "4 files were left out, not being named like a picture (2 .gif, 1 without a suffix, 1 .txt)."
    )
    assert search([tree / "sub"]).notes == ()


def test_a_folder_that_may_not_be_read_does_not_end_the_search(
    tree: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scan = os.scandir

    def forbidden(path: str | Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr("os.scandir", forbidden)
    assert len(find_images([tree])) == 6
    assert f"The folder {tree / 'sub' / 'deep'} cannot be read (Permission denied)" in caplog.text
    with pytest.raises(DatasetError, match=r"deep cannot be read \(Permission denied\)"):
        find_images([tree / "sub" / "deep"])


@given(words=st.sets(st.text("aB0129. é-", min_size=1, max_size=12)), data=st.data())
def test_natural_order_does_not_depend_on_the_order_before(words: set[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(sorted(words)))
    assert sorted(shuffled, key=natural_key) == sorted(sorted(words), key=natural_key)


@given(st.lists(st.integers(0, 10**9), unique=True))
def test_numbers_sort_by_value(numbers: list[int]) -> None:
    ordered = sorted((f"part{n}.png" for n in numbers), key=natural_key)
    assert ordered == [f"part{n}.png" for n in sorted(numbers)]
