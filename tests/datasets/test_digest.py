import os
from pathlib import Path

import pytest

from flawflow.datasets import open_dataset
from flawflow.datasets.digest import digest_of_dataset, digest_of_files, digest_of_samples
from flawflow.synthetic import draw_parts


@pytest.fixture
def gears(tmp_path: Path) -> Path:
    draw_parts(tmp_path / "gears", train=2, test=1, size=32)
    return tmp_path / "gears"


def test_every_picture_and_mask_counts(gears: Path):
    seen = {digest_of_dataset(open_dataset(gears))}
    for pattern in ("train/good/*", "test/good/*", "ground_truth/*/*"):
        first, *_ = sorted(gears.glob(pattern))
        first.write_bytes(first.read_bytes() + b"\0")
        seen.add(digest_of_dataset(open_dataset(gears)))
    assert len(seen) == 4


def test_names_places_and_times_do_not_count(gears: Path, tmp_path: Path):
    before = digest_of_dataset(open_dataset(gears))
    for path in (gears / "train" / "good").iterdir():
        path.touch()
        path.rename(path.with_name(f"x{path.name}"))
    gears.rename(tmp_path / "wheels")
    assert digest_of_dataset(open_dataset(tmp_path / "wheels")) == before


def test_a_picture_that_is_gone_has_a_digest_of_its_own(gears: Path):
    data = open_dataset(gears)
    before = digest_of_samples(data.train)
    data.train[0].path.unlink()
    assert digest_of_samples(data.train) != before


def test_the_digest_notices_other_pictures(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        path.write_bytes(b"1")
    before = digest_of_files(paths)
    assert digest_of_files(paths) == before
    assert digest_of_files(paths[:1]) != before
    paths[1].write_bytes(b"12")
    assert digest_of_files(paths) != before


def test_files_that_cannot_be_looked_at_and_names_that_are_no_text_have_a_digest(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    odd = tmp_path / os.fsdecode(b"St\xfcck.png")
    odd.write_bytes(b"x")
    before = digest_of_files([tmp_path / "gone.png", odd])
    (tmp_path / "nowhere").write_bytes(b"y")
    assert digest_of_files([tmp_path / "gone.png", odd]) != before
