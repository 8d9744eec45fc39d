"""From pictures under another light back to the light of the training pictures, without torch.

A level v of channel c at place p is brought back as f_c(p)·(exp(b_c)·(v + 1)^γ_c - 1). The curve undoes what
a lamp, an exposure or a camera's gamma does alike everywhere, the field f what differs from place to place:
a lamp to one side, a shadow. Both are found by levels alone, without knowing which part lies where.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.light import CELLS, QUANTILES, LightReference

Levels = NDArray[np.float64]

# Pixels along the shorter side of what is measured: a light has no finer detail.
_MEASURED_SIDE = 128
_ROUNDS = 4
# A wave of the field counts as far as its square is above so many times what chance makes of it.
_CHANCE = 4.0
# The curve is pulled towards γ = 1, as if levels varied by so much, in squared logarithms, alike in both.
_PRIOR = 1e-3
_GAMMAS = (1 / 3, 3.0)


@dataclass(frozen=True)
class LightCorrection:
    """What brings a picture back to the training's light.

    Attributes:
        curve: The level that each level becomes, by channel, (256, 3) float32.
        field: What it is then multiplied by, (H, W, 3) float32.
    """

    curve: NDArray[np.float32]
    field: NDArray[np.float32]

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Correct a picture, uint8 (H, W, 3), as a graph with this correction does."""
        values = np.take_along_axis(self.curve, picture.reshape(-1, 3).astype(np.intp), axis=0)
        result: NDArray[np.uint8] = np.clip(
            np.rint(values.reshape(picture.shape) * self.field), 0, 255
        ).astype(np.uint8)
        return result


def measure_light(pictures: Iterable[NDArray[np.uint8]]) -> LightReference:
    """Measure good training pictures, uint8 (H, W, 3), of one size; at least one."""
    thinned = np.stack([_thinned(picture) for picture in pictures]).astype(np.float64)
    return LightReference.of(len(thinned), _cells(thinned).mean(axis=0), _quantiles(thinned))


def fit_light(reference: LightReference, pictures: Sequence[NDArray[np.uint8]]) -> LightCorrection:
    """Find what brings good pictures back to the light of the reference.

    Args:
        reference: What the training pictures were like.
        pictures: Of good parts under the new light, uint8 (H, W, 3), of the model's size; two or more.
    """
    given = np.stack([_thinned(picture) for picture in pictures]).astype(np.float64)
    cells, levels = reference.cells(), reference.levels()
    gamma, offset, field = np.ones(3), np.zeros(3), np.zeros((CELLS, CELLS, 3))
    for _ in range(_ROUNDS):
        slope, step = _curve(_quantiles(_corrected(given, gamma, offset, field)), levels)
        gamma, offset = np.clip(slope * gamma, *_GAMMAS), slope * offset + step
        found = _cells(_corrected(given, gamma, offset, field))
        field = field + _smooth_ratio(found, cells, reference.picture_count)
    curve = np.exp(gamma * np.log(np.arange(256)[:, None] + 1) + offset) - 1
    enlarged = _enlarged(field, pictures[0].shape[0], pictures[0].shape[1])
    return LightCorrection(curve.astype(np.float32), np.exp(enlarged).astype(np.float32))


def _thinned(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = max(1, min(picture.shape[:2]) // _MEASURED_SIDE)
    return picture[::step, ::step]


def _corrected(given: Levels, gamma: Levels, offset: Levels, field: Levels) -> Levels:
    values = np.exp(gamma * np.log(given + 1) + offset) - 1
    bounded: Levels = np.clip(values * np.exp(_enlarged(field, given.shape[1], given.shape[2])), 0, 255)
    return bounded


def _curve(found: Levels, wanted: Levels) -> tuple[Levels, Levels]:
    """Slope and offset, (3,) each, of log(wanted + 1) by log(found + 1); bright levels count as they show."""
    x, y = np.log(found + 1), np.log(wanted + 1)
    weight = (wanted + 1) ** 2
    weight = weight / weight.sum(axis=0)
    mean_x, mean_y = (weight * x).sum(axis=0), (weight * y).sum(axis=0)
    together = (weight * (x - mean_x) * (y - mean_y)).sum(axis=0)
    slope = (together + _PRIOR) / ((weight * (x - mean_x) ** 2).sum(axis=0) + _PRIOR)
    return slope, mean_y - slope * mean_x


def _smooth_ratio(found: Levels, wanted: Levels, picture_count: int) -> Levels:
    """The logarithm of wanted by found, (CELLS, CELLS, 3), as far as it is more than chance.

    It is cut into cosine waves; how much a wave varies from picture to picture tells what it owes to chance.

    Args:
        found: Cells of each picture, (N, CELLS, CELLS, 3).
        wanted: Mean cells of the reference, (CELLS, CELLS, 3).
        picture_count: Pictures of the reference.
    """
    mean = found.mean(axis=0) + 1
    waves = _waves(np.log(wanted + 1) - np.log(mean))
    chance = _waves((found + 1) / mean).var(axis=0, ddof=1) * (1 / len(found) + 1 / picture_count)
    surplus = (waves**2 / np.maximum(chance, 1e-12)).mean(axis=-1, keepdims=True)
    kept = np.clip(1 - _CHANCE / np.maximum(surplus, 1e-9), 0, 1)
    # What is alike everywhere is the curve's.
    kept[0, 0] = 0
    cosines = _cosines()
    ratio: Levels = np.einsum("ki,klc,lj->ijc", cosines, kept * waves, cosines)
    return ratio


def _waves(values: Levels) -> Levels:
    """Cosine transform of (…, CELLS, CELLS, 3)."""
    cosines = _cosines()
    waves: Levels = np.einsum("ki,...ijc,lj->...klc", cosines, values, cosines, optimize=True)
    return waves


def _cosines() -> Levels:
    places, numbers = np.arange(CELLS) + 0.5, np.arange(CELLS)[:, None]
    waves: Levels = np.cos(np.pi * numbers * places / CELLS) * np.sqrt(2 / CELLS)
    waves[0] /= np.sqrt(2)
    return waves


def _quantiles(pictures: Levels) -> Levels:
    return np.quantile(pictures.reshape(-1, 3), QUANTILES, axis=0)


def _cells(pictures: Levels) -> Levels:
    """Mean levels of cells: (N, H, W, 3) to (N, CELLS, CELLS, 3)."""
    rows, columns = (_averaging(side) for side in pictures.shape[1:3])
    means: Levels = np.einsum("ki,nijc,lj->nklc", rows, pictures, columns, optimize=True)
    return means


def _averaging(side: int) -> Levels:
    """How much each of `side` pixels counts in each cell, (CELLS, side): as far as it lies in it."""
    edges = np.arange(CELLS + 1) * side / CELLS
    pixels = np.arange(side)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Levels = np.clip(shared, 0, None) * CELLS / side
    return weights


def _enlarged(field: Levels, height: int, width: int) -> Levels:
    """Bilinear interpolation of (CELLS, CELLS, 3) to (height, width, 3)."""
    rows, columns = (_interpolating(side) for side in (height, width))
    enlarged: Levels = np.einsum("hi,ijc,wj->hwc", rows, field, columns, optimize=True)
    return enlarged


def _interpolating(side: int) -> Levels:
    place = np.clip((np.arange(side) + 0.5) * CELLS / side - 0.5, 0, CELLS - 1)
    weights: Levels = np.clip(1 - np.abs(place[:, None] - np.arange(CELLS)), 0, 1)
    return weights
