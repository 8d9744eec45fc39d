"""Pictures among the good ones that may be defective: found by those that are unlike all others.

Every picture is measured by Gaussians that were fitted without it and without its fold: a picture that helps
to say what is good finds itself good. The Gaussians are those that a flow begins with (each position's own
statistics, then whitening), which take seconds where flows take minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flawflow.decision.tail import FALSE_SUSPICION_RATE, exponential_tail_limit
from flawflow.progress import OnProgress, Progress
from flawflow.renamed import renamed_attribute
from flawflow.training.detectors.detector import Aggregation
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.feature_store import FeatureStore
from flawflow.training.head import Head, from_nearest, grid_of
from flawflow.training.moments import position_moments
from flawflow.training.roi import nearest_inside, roi_cells
from flawflow.training.row_view import Rows

_FOLDS = 5
_MAX_ROUNDS = 3
_NOISE = 0.5
# More channels than these are mixed down to as many: it bounds the time for wide encoders.
_MAX_CHANNELS = 64
_ROWS_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Suspect:
    """A training picture that is unlike the others.

    Attributes:
        path: The picture.
        score: How unlike, by Gaussians that were fitted without it; not on the scale of the model's scores.
        limit: What a good picture's score exceeds with a probability of about 1 %.
        place: (x, y) of the most unusual place, in the picture's own pixels.
        anomaly_map: (H, W) float32 at the model's size; higher is more anomalous.
        colormap_range: The map values to draw as nothing and as full heat; one scale for all suspects.
    """

    path: Path
    score: float
    limit: float
    place: tuple[int, int]
    anomaly_map: NDArray[np.float32] = field(repr=False)
    colormap_range: tuple[float, float]

    heat_scale = renamed_attribute("heat_scale", "colormap_range")

    @property
    def reason(self) -> str:
        """Why it is suspected, in one sentence."""
        return (
            f"unlike the others, most of all around x = {self.place[0]}, y = {self.place[1]} (score "
            f"{self.score:.1f}; 1 good picture in {round(1 / FALSE_SUSPICION_RATE)} exceeds {self.limit:.1f})"
        )


@torch.inference_mode()
def find_suspects(
    store: FeatureStore, *, size: tuple[int, int], seed: int, on_progress: OnProgress
) -> tuple[Suspect, ...]:
    """Find the pictures that are unlike the others.

    The limit follows from the scores of these pictures alone (`flawflow.decision.tail`): in a set without any
    defective picture about 1 % are suspected. Suspects are left out of the Gaussians, and all pictures
    measured again, until nothing changes.

    Args:
        store: The features of all good pictures, without copies, which would vouch for each other.
        size: (H, W) of the maps.
        seed: Of the folds.
        on_progress: Receives the progress.

    Returns:
        The suspects, the most unusual first.
    """
    trusted = torch.ones(len(store.pictures), dtype=torch.bool)
    for number in range(_MAX_ROUNDS):
        measured = _measured(store, trusted, size, seed)
        on_progress(Progress("Suspects", number + 1, _MAX_ROUNDS))
        before, trusted = trusted, measured.scores <= measured.limit
        # Where most stand out none do: there would be nothing left to measure them by.
        if torch.equal(before, trusted) or 2 * int(trusted.sum()) < len(trusted):
            break
    on_progress(Progress("Suspects", _MAX_ROUNDS, _MAX_ROUNDS))
    return _described(store, measured, torch.nonzero(~trusted).flatten().tolist())


@dataclass(frozen=True, eq=False)
class _Measured:
    """All pictures, each measured by Gaussians that were fitted without it."""

    distances: list[Tensor]
    head: Head
    scores: Tensor
    limit: float


def _measured(store: FeatureStore, trusted: Tensor, size: tuple[int, int], seed: int) -> _Measured:
    folds = torch.from_numpy(np.random.default_rng(seed).permutation(len(trusted)) % _FOLDS)
    # The finest scale costs more than all others and finds no more.
    scales = range(min(1, len(store.maps) - 1), len(store.maps))
    distances = [_cross_fitted(store, scale, folds, trusted, seed) for scale in scales]
    roi_mask = store.roi_mask
    if roi_mask is not None:
        distances = [from_nearest(d, nearest_inside(roi_cells(roi_mask, grid_of(d)))) for d in distances]
    moments = [position_moments(scale[trusted]) for scale in distances]
    head = Head(moments, size, Aggregation(), roi_mask)
    scores = torch.cat([head(part)[1] for part in _portions(distances)])
    return _Measured(distances, head, scores, exponential_tail_limit(scores[trusted].tolist()))


def _described(store: FeatureStore, measured: _Measured, numbers: Sequence[int]) -> tuple[Suspect, ...]:
    """The pictures of these numbers as suspects, the most unusual first."""
    if not numbers:
        return ()
    head, distances, limit = measured.head, measured.distances, measured.limit
    background = torch.cat([head(part)[0].flatten(1).quantile(0.99, dim=1) for part in _portions(distances)])
    low = float(background.median())
    suspects = []
    for number in numbers:
        anomaly_map = head([scale[number : number + 1] for scale in distances])[0][0]
        suspects.append(
            Suspect(
                path=store.pictures[number],
                score=float(measured.scores[number]),
                limit=limit,
                place=_peak(anomaly_map, store.fingerprints[number].size),
                anomaly_map=anomaly_map.numpy(),
                colormap_range=(low, low + max(2 * (limit - low), 1e-6)),
            )
        )
    return tuple(sorted(suspects, key=lambda suspect: -suspect.score))


def _cross_fitted(store: FeatureStore, scale: int, folds: Tensor, trusted: Tensor, seed: int) -> Tensor:
    """The distance of every position under the Gaussians of the other folds, (N, H_k, W_k)."""
    plain = store.plain(scale)
    mix = _mixing(plain.shape[2], seed).to(plain.device)
    distances = torch.empty(plain.shape[:2])
    totals = _moments(plain, mix, folds, trusted)
    for fold in range(_FOLDS):
        others = torch.nonzero(trusted & (folds != fold)).flatten()
        rows = len(others)
        first, second = (total.sum(dim=0) - total[fold] for total in totals)
        mean = first / rows
        variance = (second / rows - mean.square()).clamp_min(0) * (rows / (rows - 1))
        standard = PositionStandardizer.from_moments(mean.float(), variance.float(), rows, noise=_NOISE)
        whitening = _whitening(plain, mix, others, standard)
        for part in torch.split(torch.nonzero(folds == fold).flatten(), _ROWS_AT_ONCE):
            whitened = standard(plain[part] @ mix) @ whitening
            distances[part] = whitened.square().sum(dim=2).sqrt().cpu()
    return distances.reshape(-1, *store.grids[scale])


def _mixing(channels: int, seed: int) -> Tensor:
    if channels <= _MAX_CHANNELS:
        return torch.eye(channels)
    generator = torch.Generator().manual_seed(seed)
    mixed: Tensor = torch.linalg.qr(torch.randn(channels, _MAX_CHANNELS, generator=generator))[0]
    return mixed


def _moments(plain: Rows, mix: Tensor, folds: Tensor, trusted: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of the trusted features and of their squares, for each fold, (folds, H·W, D) float64."""
    sums = torch.zeros(2, _FOLDS, plain.shape[1], mix.shape[1], dtype=torch.float64, device=plain.device)
    for fold in range(_FOLDS):
        for part in torch.split(torch.nonzero(trusted & (folds == fold)).flatten(), _ROWS_AT_ONCE):
            features = (plain[part] @ mix).double()
            sums[0, fold] += features.sum(dim=0)
            sums[1, fold] += features.square().sum(dim=0)
    return sums[0], sums[1]


def _whitening(plain: Rows, mix: Tensor, rows: Tensor, standard: PositionStandardizer) -> Tensor:
    covariance = torch.zeros(mix.shape[1], mix.shape[1], dtype=torch.float64, device=plain.device)
    for part in torch.split(rows, _ROWS_AT_ONCE):
        vectors = standard(plain[part] @ mix).flatten(0, 1)
        covariance += (vectors.T @ vectors).double()
    covariance /= len(rows) * plain.shape[1]
    covariance.diagonal().add_(standard.noise.double().square().mean(dim=0))
    # Without noise, dead channels would make it singular.
    covariance.diagonal().add_(1e-6 * covariance.diagonal().mean() + 1e-12)
    inverse: Tensor = torch.linalg.inv(torch.linalg.cholesky(covariance)).T
    return inverse.float()


def _portions(distances: Sequence[Tensor]) -> list[list[Tensor]]:
    return [
        list(part) for part in zip(*(torch.split(scale, _ROWS_AT_ONCE) for scale in distances), strict=True)
    ]


def _peak(anomaly_map: Tensor, size: tuple[int, int]) -> tuple[int, int]:
    """Where a map is highest, as (x, y) of a picture of `size`."""
    height, width = anomaly_map.shape
    row, column = divmod(int(anomaly_map.argmax()), width)
    return int((column + 0.5) * size[1] / width), int((row + 0.5) * size[0] / height)
