"""What a training decides before it begins, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from flawflow.decision.roi import decode_run_lengths
from flawflow.errors import DatasetError, FlawflowError, TrainingError
from flawflow.recipe import Recipe
from flawflow.recipe.augmentation import Augmentation
from flawflow.training.setup import Setup, set_up, with_lights

MakeSetup = Callable[..., Setup]


@pytest.fixture
def make(parts: Path, tiny_recipe: Recipe) -> MakeSetup:
    """`set_up` for the drawn parts by the tiny recipe, with changes."""

    def make_setup(
        paths: list[Path] | None = None, *, device: str = "cpu", changes: dict[str, Any] | None = None
    ) -> Setup:
        given = paths or sorted((parts / "train" / "good").iterdir())
        return set_up(given, tiny_recipe.replace(changes), device=device)

    return make_setup


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"device": "tpu"}, r"no device 'tpu'; choose auto, cpu or cuda"),
        ({"changes": {"size": (64, 70)}}, r"height and width must be multiples of 16"),
        ({"changes": {"encoder": "lite9"}}, r"no encoder named 'lite9'; did you mean"),
    ],
)
def test_what_does_not_fit_is_told(given: dict[str, Any], sentence: str, make: MakeSetup) -> None:
    with pytest.raises(FlawflowError, match=sentence):
        make(**given)


def test_too_few_pictures_are_refused(make: MakeSetup, parts: Path) -> None:
    with pytest.raises(DatasetError, match=r"^7 readable good pictures are too few"):
        make(sorted((parts / "train" / "good").iterdir())[:7])


def test_without_cuda_it_cannot_be_asked_for(make: MakeSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert make(device="auto").device.type == "cpu"
    with pytest.raises(TrainingError, match=r"No CUDA device .*; choose --device cpu or auto"):
        make(device="cuda")


def test_the_encoder_is_built_as_the_recipe_says(make: MakeSetup) -> None:
    setup = make(changes={"detector": "patchcore"})
    assert setup.encoder.strides == setup.recipe.strides == (8, 16)


def test_the_encoder_sees_what_counts_alone(make: MakeSetup, tmp_path: Path) -> None:
    assert (make().roi_mask, make().roi_run_lengths, make().encoder.roi_mask) == (None, (), None)
    left = np.zeros((64, 64), np.uint8)
    left[:, :20] = 255
    Image.fromarray(left).save(tmp_path / "left.png")
    setup = make(changes={"roi": str(tmp_path / "left.png")})
    assert np.array_equal(setup.roi_mask, left > 0)  # type: ignore[arg-type]
    assert np.array_equal(decode_run_lengths(setup.roi_run_lengths, (64, 64)), left > 0)
    assert torch.equal(setup.encoder.roi_mask, torch.from_numpy(left > 0))  # type: ignore[arg-type]


def test_unfinished_work_goes_on_with_the_same_plan_only(
    make: MakeSetup, parts: Path, tmp_path: Path
) -> None:
    plan = make().plan()
    assert make().plan() == plan
    Image.new("L", (64, 64), 1).save(tmp_path / "all.png")
    fewer = sorted((parts / "train" / "good").iterdir())[:-1]
    changed: dict[str, dict[str, Any]] = {
        "detector": {"detector": "patchcore"},
        "detector.steps": {"detector.steps": 41},
        "strides": {"strides": (8, 16)},
        "weights": {"seed": 1},
        "size": {"size": (64, 32)},
        "views": {"detector": "differnet"},
        "seed": {"seed": 1},
        "calibration": {"calibration": "auto"},
        "exclude_suspects": {"exclude_suspects": True},
        "every": {"every": 5},
        "robust": {"robust": True},
        "roi": {"roi": tmp_path / "all.png"},
    }
    for name, changes in changed.items():
        assert make(changes=changes).plan()[name] != plan[name], name
    assert make(fewer).plan()["pictures"] != plan["pictures"]
    assert {*changed, "pictures", "version"} <= plan.keys()


def test_a_side_keeps_the_proportions_of_the_pictures(make: MakeSetup, tmp_path: Path):
    paths = []
    for k in range(8):
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(np.full((40, 160, 3), 10 * k, np.uint8)).save(paths[-1])
    setup = make(paths, changes={"size": 64})
    assert setup.asked.size == setup.recipe.size == (32, 128)
    assert setup.notes[0].startswith(
        "Pictures of 160 × 40 pixels are resized to 128 × 32: as many as 64 × 64 has"
    )
    # What a training goes on with, and what the card says, is the size itself.
    assert setup.plan()["size"] == (32, 128)
    square = make(paths, changes={"size": (64, 64)})
    assert (square.asked.size, square.notes) == ((64, 64), ())


def test_a_side_of_square_pictures_is_a_square(make: MakeSetup):
    setup = make(changes={"size": 64})
    assert (setup.asked.size, setup.notes) == ((64, 64), ())


def test_a_robust_recipe_learns_from_views_under_drawn_lights(tiny_recipe: Recipe) -> None:
    assert with_lights(tiny_recipe) == tiny_recipe
    for views in (0, 1):
        lit = with_lights(tiny_recipe.replace(robust=True, views=views))
        assert (lit.views, lit.augmentation) == (2, Augmentation(degrees=0.0, light=1.0))
    turned = with_lights(
        tiny_recipe.replace({"augmentation.flips": True, "augmentation.degrees": 5.0}, robust=True, views=3)
    )
    assert (turned.views, turned.augmentation) == (3, Augmentation(degrees=5.0, flips=True, light=1.0))
