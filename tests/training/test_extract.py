"""Extraction: the same vectors wherever they lie and however they were batched."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flawflow.errors import DatasetError, TrainingError
from flawflow.images import read_image, resize_image
from flawflow.recipe.augmentation import Augmentation
from flawflow.training.augment import random_view, view_generator
from flawflow.training.encoder import Encoder, build_encoder
from flawflow.training.extract import Room, Views, extract

SIZE = (64, 96)
VIEWS = Augmentation(degrees=5, shift=0.05, brightness=0.1)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return build_encoder("lite0", size=SIZE)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(1)
    paths = [folder / f"{index}.png" for index in range(5)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (70, 80, 3), dtype=np.uint8)).save(path)
    return paths


def test_rows_are_pictures_and_positions_in_order(encoder: Encoder, pictures: list[Path]) -> None:
    store = extract(encoder, pictures, size=SIZE, batch=2)
    assert store.pictures == tuple(pictures)
    assert store.failures == ()
    assert store.grids == ((8, 12), (4, 6), (2, 3))
    image = torch.from_numpy(resize_image(read_image(pictures[3]), SIZE))[None]
    for k, features in enumerate(encoder(image)):
        height, width = store.grids[k]
        vectors = store.maps[k].reshape(-1, encoder.channels[k])
        assert vectors.shape == (5 * height * width, encoder.channels[k])
        row, column = height - 1, 1
        found = vectors[3 * height * width + row * width + column]
        torch.testing.assert_close(found, features[0, :, row, column], rtol=1e-5, atol=1e-4)


def test_features_can_be_learned_from(encoder: Encoder, pictures: list[Path]) -> None:
    assert not extract(encoder, pictures[:1], size=SIZE).maps[0].is_inference()


def test_memory_and_file_hold_the_same_bits(encoder: Encoder, pictures: list[Path], tmp_path: Path) -> None:
    memory = extract(encoder, pictures, size=SIZE)
    (tmp_path / "scale-0.f32").write_bytes(b"left over from before")
    mapped = extract(encoder, pictures, size=SIZE, room=Room(tmp_path, 1000))
    for k, (one, other) in enumerate(zip(memory.maps, mapped.maps, strict=True)):
        assert torch.equal(one, other)
        assert (tmp_path / f"scale-{k}.f32").stat().st_size == one.numel() * 4


def test_the_batch_does_not_change_the_features(encoder: Encoder, pictures: list[Path]) -> None:
    small, large = (extract(encoder, pictures, size=SIZE, batch=batch) for batch in (1, 16))
    for one, other in zip(small.maps, large.maps, strict=True):
        # The maps reach about ±60; their float32 sums differ in the last places alone.
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-4)


def test_views_follow_their_picture_and_the_seed(encoder: Encoder, pictures: list[Path]) -> None:
    store = extract(encoder, pictures, size=SIZE, views=Views(VIEWS, 2, 4), batch=4)
    again = extract(encoder, pictures, size=SIZE, views=Views(VIEWS, 2, 4), batch=4)
    other = extract(encoder, pictures, size=SIZE, views=Views(VIEWS, 2, 5), batch=4)
    plain = extract(encoder, pictures, size=SIZE)
    assert store.views == 3
    assert store.maps[0].shape[0] == 15
    assert all(torch.equal(one, two) for one, two in zip(store.maps, again.maps, strict=True))
    assert not torch.equal(store.maps[0], other.maps[0])
    torch.testing.assert_close(store.maps[0][::3], plain.maps[0], rtol=1e-5, atol=1e-4)
    plain = resize_image(read_image(pictures[4]), SIZE)
    view = random_view(plain, VIEWS, view_generator(4, 4, 2))
    features = encoder(torch.from_numpy(view)[None])[2]
    torch.testing.assert_close(store.maps[2][14], features[0].flatten(1).T, rtol=1e-5, atol=1e-4)


def test_a_picture_that_cannot_be_read_is_reported_and_left_out(
    encoder: Encoder, pictures: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    done: list[tuple[int, int]] = []
    mixed = [pictures[0], broken, pictures[1], tmp_path / "missing.png"]
    store = extract(encoder, mixed, size=SIZE, on_progress=lambda *step: done.append(step))
    assert store.pictures == (pictures[0], pictures[1])
    assert [path for path, _ in store.failures] == [broken, tmp_path / "missing.png"]
    assert "broken.png" in store.failures[0][1]
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    clean = extract(encoder, pictures[:2], size=SIZE)
    assert all(torch.equal(one, two) for one, two in zip(store.maps, clean.maps, strict=True))


def test_nothing_readable_is_an_error(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"None of 1 training pictures .*missing\.png"):
        extract(encoder, [tmp_path / "missing.png"], size=SIZE)
    with pytest.raises(DatasetError, match="None of 0"):
        extract(encoder, [], size=SIZE)


def test_a_budget_that_is_too_small_says_the_way_out(
    encoder: Encoder, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingError, match="give a folder"):
        extract(encoder, pictures, size=SIZE, room=Room(memory_bytes=1000))
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(TrainingError, match="free some space"):
        extract(encoder, pictures, size=SIZE, room=Room(tmp_path, 1000))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_features_stay_on_the_gpu_and_agree_with_the_processors(pictures: list[Path]) -> None:
    encoder = build_encoder("lite0", size=SIZE)
    expected = extract(encoder, pictures, size=SIZE)
    store = extract(encoder, pictures, size=SIZE, device="cuda")
    for one, other in zip(store.maps, expected.maps, strict=True):
        assert one.device.type == "cuda"
        # The GPU's convolutions may round to ten bits (TF32).
        assert (one.cpu() - other).std() < 0.01 * other.std()
