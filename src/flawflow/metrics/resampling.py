"""Two detectors on other test pictures of the same kinds: measures of resamples, and their difference.

Image AUROC, pixel AUROC and AUPRO follow from sums over pictures, so that a resample is a weighted sum of
what each picture counts. Both detectors see the same draws: a paired bootstrap (Efron and Tibshirani 1993,
chapter 16).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics import curve
from flawflow.metrics.counts import ImageCounts
from flawflow.metrics.pixel_result import FPR_LIMIT
from flawflow.metrics.ranking import auroc
from flawflow.storage.files import whole_file

MEASURES = ("image_auroc", "pixel_auroc", "aupro")


class SetCounts:
    """The counts of all test pictures of one run, on common levels."""

    def __init__(
        self,
        names: Sequence[str],
        is_defective: NDArray[np.bool_],
        scores: curve.Floats,
        levels: NDArray[np.int64],
        pixels: curve.Floats,
    ) -> None:
        """Take counts as they are.

        Args:
            names: (N,) of the pictures.
            is_defective: (N,) the truth.
            scores: (N,) of the pictures.
            levels: (L,) ascending.
            pixels: (3, N, L) good area, defect area and overlap at each level, ascending.
        """
        self.names = tuple(names)
        self.is_defective = is_defective
        self.scores = scores
        self.levels = levels
        self.pixels = pixels

    @classmethod
    def of(cls, pictures: Iterable[ImageCounts]) -> "SetCounts":
        """Put pictures on common levels."""
        kept = list(pictures)
        levels = np.unique(np.concatenate([np.zeros(0, np.int64), *(one.levels for one in kept)]))
        pixels = np.zeros((3, len(kept), len(levels)))
        for row, one in enumerate(kept):
            pixels[:, row, np.searchsorted(levels, one.levels)] = (one.good, one.defect, one.overlap)
        return cls(
            [one.name for one in kept],
            np.array([one.is_defective for one in kept], bool),
            np.array([one.score for one in kept], np.float64),
            levels,
            pixels,
        )

    def ordered(self, names: Sequence[str]) -> "SetCounts":
        """The counts of some pictures, in this order."""
        rows = {name: row for row, name in enumerate(self.names)}
        chosen = [rows[name] for name in names]
        return SetCounts(
            names, self.is_defective[chosen], self.scores[chosen], self.levels, self.pixels[:, chosen]
        )

    def measures(self, weights: curve.Floats) -> curve.Floats:
        """Each measure of `MEASURES` for pictures that count more than once or not at all.

        Args:
            weights: (R, N) how often each picture counts.

        Returns:
            (R, 3), in [0, 1]; NaN where there is nothing to measure.
        """
        distinct, at = np.unique(self.scores, return_inverse=True)
        one_hot = np.zeros((len(self.names), len(distinct)))
        one_hot[np.arange(len(self.names)), at] = 1
        good, defect, overlap = (weights @ part for part in self.pixels)
        return np.stack(
            [
                _area((weights * ~self.is_defective) @ one_hot, (weights * self.is_defective) @ one_hot),
                _area(good, defect),
                _area(good, overlap, FPR_LIMIT),
            ],
            axis=-1,
        )

    def save(self, path: Path) -> None:
        """Keep the counts in a file, whole or not at all."""
        with whole_file(path) as scratch, scratch.open("wb") as file:
            np.savez_compressed(
                file,
                names=np.array(self.names, np.str_),
                is_defective=self.is_defective,
                scores=self.scores,
                levels=self.levels,
                pixels=self.pixels.astype(np.float32),
            )

    @classmethod
    def load(cls, path: Path) -> "SetCounts":
        """Read what `save` kept.

        Raises:
            MetricError: The file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                names = [str(name) for name in kept["names"]]
                pixels = kept["pixels"].astype(np.float64)
                return cls(
                    names,
                    kept["is_defective"].astype(bool),
                    kept["scores"].astype(np.float64),
                    kept["levels"].astype(np.int64),
                    pixels,
                )
        except Exception as error:  # zipfile and numpy raise what they like about damaged bytes
            raise MetricError(f"{path} cannot be read ({type(error).__name__}): run it again.") from None


def measured_together(sets: Iterable[SetCounts]) -> curve.Floats:
    """Each measure of `MEASURES` over the pictures of several sets in one ranking, (3,).

    The sets are taken one after the other, so that one at a time is in memory.

    Raises:
        MetricError: There is no good or no defective picture.
    """
    truth: list[bool] = []
    scores: list[float] = []
    parts = []
    for counts in sets:
        truth += counts.is_defective.tolist()
        scores += counts.scores.tolist()
        parts.append((counts.levels, counts.pixels.sum(axis=1)))
    levels = np.unique(np.concatenate([own for own, _ in parts]))
    good, defect, overlap = total = np.zeros((3, 1, len(levels)))
    for own, areas in parts:
        total[:, 0, np.searchsorted(levels, own)] += areas
    maps = [_area(good, defect), _area(good, overlap, FPR_LIMIT)]
    return np.array([auroc(truth, scores), *(float(one[0]) for one in maps)])


def resampled_differences(
    ours: Sequence[SetCounts], others: Sequence[SetCounts], *, resamples: int = 1000, seed: int = 0
) -> curve.Floats:
    """How much higher `ours` measures than `others`, on the pictures as they are and on resampled ones.

    Good and defective pictures are drawn with replacement, each kind as many as there are. Runs of several
    seeds see the same draws and are averaged.

    Args:
        ours: The runs of one detector on one data set, a seed each.
        others: Those of the other one.
        resamples: How often to draw.
        seed: Of the draws.

    Returns:
        (1 + resamples, 3) differences of `MEASURES`, the first row without resampling; NaN where a measure
        cannot be given.

    Raises:
        MetricError: The runs have no good or no defective picture in common.
    """
    everywhere = set.intersection(*(set(run.names) for run in (*ours, *others)))
    names = [name for name in ours[0].names if name in everywhere]
    kinds = ours[0].ordered(names).is_defective
    if kinds.all() or not kinds.any():
        raise MetricError("The runs have no good or no defective picture in common: nothing to compare.")
    rng = np.random.default_rng(seed)
    weights = np.ones((1 + resamples, len(names)))
    for kind in (False, True):
        (members,) = np.nonzero(kinds == kind)
        weights[1:, members] = rng.multinomial(
            len(members), np.full(len(members), 1 / len(members)), resamples
        )
    first, second = (
        np.mean([run.ordered(names).measures(weights) for run in runs], axis=0) for runs in (ours, others)
    )
    difference: curve.Floats = first - second
    return difference


def _area(good: curve.Floats, found: curve.Floats, limit: float = 1.0) -> curve.Floats:
    """(R,) the curve's mean height up to `limit`, of (R, L) areas at ascending levels."""
    good, found = good[:, ::-1], found[:, ::-1]
    at_least = np.cumsum(good, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = at_least[:, -1:] if good.shape[1] else np.zeros((len(good), 1))
        reached = curve.reached((at_least - good) / total, at_least / total, limit)
        area: curve.Floats = (found * reached).sum(axis=1) / found.sum(axis=1) / limit
    return area
