import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from flawflow.datasets import open_dataset
from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.retraining.datasets import Datasets, is_for_test
from flawflow.server.station import Station

Review = Callable[..., dict]


@pytest.fixture
def datasets(station: Station, tmp_path: Path) -> Datasets:
    return Datasets(tmp_path / "sets", store=station.store, image_store=station.image_store, originals={}.get)


def with_original(station: Station, folder: Path, original: Path) -> Datasets:
    return Datasets(
        folder, store=station.store, image_store=station.image_store, originals={"tiny": original}.get
    )


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_version_is_a_data_set_in_the_layout_of_mvtec(datasets: Datasets, review: Review):
    good = [review(level, "good") for level in range(20)]
    bad = [review(level, "bad") for level in range(3)]
    review(99, "skip")
    made = datasets.make("tiny")
    data = open_dataset(made.path)
    learned = {hashlib.sha256(sample.path.read_bytes()).hexdigest() for sample in data.train}
    tested = {
        (sample.is_defective, hashlib.sha256(sample.path.read_bytes()).hexdigest()) for sample in data.test
    }
    good_digests = {each["picture_sha256"] for each in good}
    assert learned == {digest for digest in good_digests if not is_for_test(digest)}
    assert tested == {(False, digest) for digest in good_digests if is_for_test(digest)} | {
        (True, each["picture_sha256"]) for each in bad
    }
    assert {picture.inspection for picture in made.pictures} == {each["id"] for each in good + bad}
    assert datasets.all() == [made]


def test_a_drawn_mask_is_the_truth_of_its_picture(client: TestClient, datasets: Datasets, review: Review):
    review(1, "good")
    bad = review(2, "bad")
    stream = io.BytesIO()
    mask = Image.new("L", (60, 40))
    mask.putpixel((3, 4), 255)
    mask.save(stream, "PNG")
    answer = client.put(
        f"/api/inspections/{bad['id']}/mask", content=stream.getvalue(), headers={"content-type": "image/png"}
    )
    assert answer.status_code == 200
    if is_for_test(review(1, "good")["picture_sha256"]):
        review(3, "good")
    data = open_dataset(datasets.make("tiny").path)
    (sample,) = (sample for sample in data.test if sample.is_defective)
    assert sample.mask_path is not None
    with Image.open(sample.mask_path) as found:
        assert found.getpixel((3, 4)) == 255


def test_a_new_version_keeps_every_picture_where_it_was_and_the_old_one_as_it_was(
    datasets: Datasets, review: Review
):
    for level in range(10):
        review(level, "good")
    first = datasets.make("tiny")
    before = files(first.path)
    for level in range(10, 30):
        review(level, "good")
    second = datasets.make("tiny")
    assert (first.version, second.version) == (1, 2)
    assert files(first.path) == before
    assert {(p.place, p.sha256) for p in first.pictures} < {(p.place, p.sha256) for p in second.pictures}


def test_what_was_said_last_of_a_picture_counts(datasets: Datasets, review: Review):
    review(1, "good")
    first, second = review(2, "bad"), review(2, "bad")
    assert first["picture_sha256"] == second["picture_sha256"]
    assert datasets.make("tiny").count("test/bad") == 1


def test_nothing_new_makes_no_version(client: TestClient, datasets: Datasets, review: Review):
    with pytest.raises(ConflictError, match="review some first"):
        datasets.make("tiny")
    kept = review(1, "good")
    datasets.make("tiny")
    review(2, "skip")
    with pytest.raises(ConflictError, match="since data set 1"):
        datasets.make("tiny")
    client.put(f"/api/inspections/{kept['id']}/label", json={"label": "bad"})
    assert datasets.make("tiny").version == 2


def test_the_original_training_is_learned_from_again_and_never_tested_with(
    station: Station, review: Review, make_png: Callable[..., bytes], tmp_path: Path
):
    original = tmp_path / "original"
    original.mkdir()
    for level in range(12):
        (original / f"{level}.png").write_bytes(make_png(level))
    (original / "wrong.png").write_bytes(make_png(50, spot=True))
    for level in range(30):
        review(level, "good")
    wrong = review(50, "bad")
    made = with_original(station, tmp_path / "sets", original).make("tiny")
    first = {hashlib.sha256(make_png(level)).hexdigest() for level in range(12)}
    learned = {picture.sha256 for picture in made.pictures if picture.place == "train/good"}
    tested = {picture.sha256: picture.place for picture in made.tested()}
    assert first <= learned
    assert not first & set(tested)
    assert tested[wrong["picture_sha256"]] == "test/bad"
    assert wrong["picture_sha256"] not in learned
    assert len(learned) + len(tested) == 31


def test_what_the_original_data_tests_with_is_not_learned_from(
    station: Station, review: Review, make_png: Callable[..., bytes], tmp_path: Path
):
    for place, levels in (("train", range(3)), ("test", range(20, 30))):
        (tmp_path / "part" / place / "good").mkdir(parents=True)
        for level in levels:
            (tmp_path / "part" / place / "good" / f"{level}.png").write_bytes(make_png(level))
    for level in range(20, 30):
        review(level, "good")
    made = with_original(station, tmp_path / "sets", tmp_path / "part").make("tiny")
    assert (made.count("train/good"), made.count("test/good")) == (3, 10)


def test_original_data_that_are_gone_are_said(station: Station, review: Review, tmp_path: Path):
    review(1, "good")
    with pytest.raises(ConflictError, match="gone"):
        with_original(station, tmp_path / "sets", tmp_path / "gone").make("tiny")


def test_original_videos_are_refused_and_not_taken_for_pictures(
    station: Station, review: Review, make_png: Callable[..., bytes], tmp_path: Path
):
    review(1, "good")
    (tmp_path / "original").mkdir()
    (tmp_path / "original" / "0.png").write_bytes(make_png(7))
    (tmp_path / "original" / "line.mp4").write_bytes(b"frames")
    with pytest.raises(ConflictError, match=r"line\.mp4 is a video"):
        with_original(station, tmp_path / "sets", tmp_path / "original").make("tiny")


def test_a_crash_while_a_version_is_written_leaves_none(
    datasets: Datasets, review: Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    review(1, "good")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
        with pytest.raises(OSError, match="power cut"):
            datasets.make("tiny")
    assert datasets.all() == []
    assert datasets.make("tiny").version == 1
    with pytest.raises(NotFoundError):
        datasets.get(2)


@given(st.binary(min_size=32, max_size=32))
def test_the_split_depends_on_the_content_alone_and_is_about_one_in_five(digest: bytes):
    assert is_for_test(digest.hex()) == (int.from_bytes(digest[:4], "big") % 5 == 0)
