"""What is decided before a training begins, and refused where it does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from flawflow import __version__
from flawflow.datasets.digest import digest_of_files
from flawflow.decision.roi import encode_run_lengths
from flawflow.errors import TrainingError
from flawflow.images import proportional_size
from flawflow.images.tiling import TileGrid
from flawflow.recipe import Recipe
from flawflow.recipe.augmentation import ROBUST_VIEWS, Augmentation
from flawflow.training.encoder import Encoder, build_encoder
from flawflow.training.orientation import augmented
from flawflow.training.roi import first_image_shape, read_roi_mask
from flawflow.training.shared_flows import shared_flows
from flawflow.training.split import check_image_count, is_cross_fitted
from flawflow.training.tiles import tile_grid


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A training that can begin.

    Attributes:
        asked: The recipe that was asked for, its size in full.
        recipe: The same with the views that were found to help.
        paths: Good pictures and videos.
        encoder: The frozen encoder; it knows which pixels count.
        device: Where to train.
        is_cross_fitted: Whether all pictures calibrate, out of fold.
        roi_mask: (H, W) bool, which pixels count; None for all.
        notes: Sentences about what was decided.
        grid: How pictures are cut into tiles; None where they are not.
    """

    asked: Recipe
    recipe: Recipe
    paths: tuple[Path, ...]
    encoder: Encoder
    device: torch.device
    is_cross_fitted: bool
    roi_mask: NDArray[np.bool_] | None
    notes: tuple[str, ...]
    grid: TileGrid | None

    @property
    def frame_size(self) -> tuple[int, int]:
        """(H, W) that frames of videos are kept at."""
        return self.recipe.shape if self.grid is None else self.grid.size

    @property
    def roi_run_lengths(self) -> tuple[int, ...]:
        """`roi_mask` as a card keeps it."""
        return () if self.roi_mask is None else encode_run_lengths(self.roi_mask)

    def plan(self) -> dict[str, object]:
        """What must be the same for unfinished work to be resumed."""
        return {
            **self.asked.decisive(),
            "weights": self.encoder.weights_info.sha256,
            "version": __version__,
            "pictures": digest_of_files(self.paths),
        }


def set_up(paths: Sequence[Path], recipe: Recipe, *, device: str) -> Setup:
    """Decide all that good pictures and videos and a recipe decide.

    Args:
        paths: Good pictures and videos.
        recipe: What is asked for.
        device: "auto", "cpu" or "cuda".

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    place = training_device(device)
    check_image_count(paths)
    recipe, said = _shaped(recipe, paths)
    grid, said_of_tiles = tile_grid(recipe, paths)
    cross_fitted = is_cross_fitted(recipe, paths)
    network = build_encoder(
        recipe.encoder,
        strides=recipe.strides,
        weights=recipe.weights,
        size=recipe.shape,
        seed=recipe.seed,
        reflect_padding=recipe.reflect_padding,
    )
    flows = shared_flows(recipe)
    if flows is not None:
        flows.check(recipe, network)
    roi_mask = _roi_mask(recipe, paths)
    if roi_mask is not None:
        network.roi_mask = torch.from_numpy(roi_mask)
    found, notes = augmented(recipe, network, paths)
    found = with_lights(found)
    return Setup(
        asked=recipe,
        recipe=found,
        paths=tuple(paths),
        encoder=network,
        device=place,
        is_cross_fitted=cross_fitted,
        roi_mask=roi_mask,
        notes=said + said_of_tiles + notes,
        grid=grid,
    )


def _shaped(recipe: Recipe, paths: Sequence[Path]) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with the size that the pictures' proportions give; a sentence where it is no square."""
    if not isinstance(recipe.size, int):
        return recipe, ()
    picture = first_image_shape(paths)
    # Whole cells of the coarsest scale.
    height, width = proportional_size(recipe.size, picture, max(recipe.strides))
    shaped = recipe.replace(size=(height, width))
    if height == width:
        return shaped, ()
    return shaped, (
        f"Pictures of {picture[1]} × {picture[0]} pixels are resized to {width} × {height}: as many as "
        f"{recipe.size} × {recipe.size} has, in their proportions. --size HxW gives another shape.",
    )


def with_lights(recipe: Recipe) -> Recipe:
    """The recipe with views under strong lights, where it asks for them."""
    if not recipe.robust:
        return recipe
    own = recipe.augmentation if recipe.views else Augmentation(degrees=0.0)
    return recipe.replace(augmentation=replace(own, light=1.0), views=max(recipe.views, ROBUST_VIEWS))


def training_device(name: str) -> torch.device:
    """Where to train, by "auto", "cpu" or "cuda".

    Raises:
        TrainingError: There is none of this name, or it cannot be used here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise TrainingError(f"There is no device {name!r}; choose auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("No CUDA device can be used here; choose --device cpu or auto.")
    return torch.device(name)


def _roi_mask(recipe: Recipe, pictures: Sequence[Path]) -> NDArray[np.bool_] | None:
    """Which pixels count, by masks that fit the first picture that can be read; None for all."""
    if recipe.roi is None and recipe.ignore is None:
        return None
    roi, ignore = (None if mask is None else Path(mask) for mask in (recipe.roi, recipe.ignore))
    return read_roi_mask(roi, ignore, recipe.shape, first_image_shape(pictures))
