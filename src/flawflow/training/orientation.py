"""Whether parts are aligned: rotated and mirrored copies help where orientation is arbitrary, and only there.

Good training pictures are parted in two. Gaussians are fitted to one half, once as it is and once with
augmented views of it, and the other half is measured, as it is. Where a part lies in any direction, views
are more pictures of the same kind and the other half becomes likelier; where orientation is fixed, views are
pictures of another kind and it becomes less likely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flawflow.errors import DatasetError
from flawflow.recipe import Recipe
from flawflow.recipe.augmentation import Augmentation
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.encoder import Encoder
from flawflow.training.extract import Views, extract
from flawflow.training.feature_store import FeatureStore
from flawflow.training.split import MIN_IMAGES, split_good
from flawflow.video.names import is_video_name

ROTATED_COPIES = 3
CANDIDATES: Mapping[str, Augmentation] = {
    "mirrored and rotated by quarter turns": Augmentation(degrees=0.0, flips=True),
    "mirrored and rotated by any angle": Augmentation(degrees=180.0, flips=True),
}

# So many pictures tell enough, and cost a second or two.
_MAX_IMAGES = 24
_MIN_IMAGES = 8
_NOISE = 0.5
# Of how many standard errors the gain must be; chance reaches this once in a thousand trainings.
_MIN_GAIN_ERRORS = 3.0


def choose_augmentation(
    encoder: Encoder, pictures: Sequence[Path], *, size: tuple[int, int], seed: int
) -> str | None:
    """Give the name of the candidate that helps most, or None where none surely does.

    Args:
        encoder: The frozen encoder.
        pictures: Good pictures to learn from; some of them are looked at.
        size: (H, W) that pictures are resized to.
        seed: Of the choice of pictures and of the views.
    """
    order = np.random.default_rng(seed).permutation(len(pictures))[:_MAX_IMAGES]
    chosen = [pictures[index] for index in sorted(order.tolist())]
    gains = {}
    for name, augmentation in CANDIDATES.items():
        try:
            store = extract(encoder, chosen, size=size, views=Views(augmentation, ROTATED_COPIES, seed))
        except DatasetError:
            return None  # None can be read: whoever learns from them says so.
        if len(store.pictures) < _MIN_IMAGES:
            return None
        gains[name] = gain(store)
    best = max(gains, key=lambda name: float(gains[name].mean()))
    error = float(gains[best].std(ddof=1)) / len(gains[best]) ** 0.5
    return best if float(gains[best].mean()) > _MIN_GAIN_ERRORS * error else None


def augmented(recipe: Recipe, encoder: Encoder, pictures: Sequence[Path]) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with the views that help, where it asks for them, and sentences that say so.

    One that turns or moves pictures by itself keeps to that, and the paper's detector makes its own views.

    Args:
        recipe: As it was asked for.
        encoder: The frozen encoder.
        pictures: All good pictures; videos among them are not looked at.
    """
    still = [path for path in pictures if not is_video_name(path)]
    has_own = (recipe.views and recipe.augmentation.moves) or recipe.detector.name == "paper-cflow"
    if recipe.augment == "none" or has_own or len(still) < MIN_IMAGES:
        return recipe, ()
    # What calibrates has no say in what is learned.
    learned_from, _ = split_good(still, recipe.seed)
    name = choose_augmentation(encoder, learned_from, size=recipe.shape, seed=recipe.seed)
    if name is None:
        return recipe, ("The good parts have a fixed orientation: no rotated or mirrored copies are used.",)
    note = f"The good parts have arbitrary orientations: {name} copies are used as well."
    light = recipe.augmentation.light if recipe.views else 0.0
    copies = replace(CANDIDATES[name], light=light)
    return recipe.replace(augmentation=copies, views=ROTATED_COPIES), (note,)


@torch.inference_mode()
def gain(store: FeatureStore) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How much likelier each picture becomes by views of the other half.

    Args:
        store: Features with views.

    Returns:
        (N,) differences of the mean log-likelihood, in nats per channel.
    """
    rows = torch.arange(len(store.maps[0])).reshape(-1, store.views)
    half = torch.arange(len(rows)) % 2 == 0
    gains = torch.zeros(len(rows), dtype=torch.float64)
    # The finest scale costs more than the others and knows least of the place.
    scales = store.maps[min(1, len(store.maps) - 1) :]
    for maps in scales:
        for fitted in (half, ~half):
            measured = maps[rows[~fitted, 0]]
            with_views = _likelihood(maps[rows[fitted].flatten()], measured)
            gains[~fitted] += with_views - _likelihood(maps[rows[fitted, 0]], measured)
    return (gains / len(scales)).numpy()


def _likelihood(fitted: Tensor, measured: Tensor) -> Tensor:
    """Mean log-likelihood per channel, but for a constant, of each picture (N, H·W, D) under Gaussians."""
    standard = PositionStandardizer.from_data(fitted, noise=_NOISE)
    covariance = standard.covariance(fitted)
    covariance.diagonal().add_(1e-6 * covariance.diagonal().mean() + 1e-12)
    factor = torch.linalg.cholesky(covariance)
    whitened = standard(measured) @ torch.linalg.inv(factor).T.float()
    log_det = standard.log_det().mean() - factor.diagonal().log().sum()
    mean: Tensor = log_det - 0.5 * whitened.square().sum(dim=2).double().mean(dim=1)
    return mean.cpu() / measured.shape[2]
