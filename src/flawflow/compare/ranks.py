"""Whether detectors differ over several data sets: Friedman's test and Nemenyi's critical difference.

Demšar: "Statistical Comparisons of Classifiers over Multiple Data Sets" (JMLR 7, 2006). Detectors are ranked
on each data set; what counts is the mean of a detector's ranks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHA = 0.05
_DRAWS = 20_000
_GRID = np.linspace(-8, 8, 4001)


@dataclass(frozen=True)
class Ranking:
    """Detectors ranked over data sets.

    Attributes:
        ranks: The mean rank of each detector, 1 being the best, by its label, best first.
        sets: How many data sets count.
        p_value: That ranks differ so much where all detectors are alike (Friedman), by permutation.
        critical: By how much two mean ranks must differ to be no chance at 5 % (Nemenyi).
    """

    ranks: Mapping[str, float]
    sets: int
    p_value: float
    critical: float

    def ties(self) -> list[tuple[str, str]]:
        """Groups that cannot be told apart, by their first and last label, none within another."""
        names, means = list(self.ranks), list(self.ranks.values())
        groups: list[tuple[int, int]] = []
        for first, mean in enumerate(means):
            last = max(n for n, other in enumerate(means) if other - mean < self.critical)
            if last > first and (not groups or last > groups[-1][1]):
                groups.append((first, last))
        return [(names[first], names[last]) for first, last in groups]


def ranking(values: Mapping[str, Sequence[float]]) -> Ranking | None:
    """Rank detectors by what was measured on each data set, higher being better.

    Args:
        values: For each label a figure of each data set, all in the same order.

    Returns:
        The ranking; None for fewer than two detectors or two data sets.
    """
    table = np.array(list(values.values()), np.float64).T
    if table.ndim != 2 or min(table.shape) < 2:
        return None
    ranks = ranks_of(table)
    means = dict(sorted(zip(values, ranks.mean(axis=0).tolist(), strict=True), key=lambda pair: pair[1]))
    sets, count = table.shape
    return Ranking(means, sets, friedman_p(ranks), critical_difference(count, sets))


def ranks_of(table: Floats) -> Floats:
    """Ranks in each row of (N, k), 1 for the highest; equal values share the mean of their ranks."""
    above = (table[:, None, :] > table[:, :, None]).sum(axis=2)
    equal = (table[:, None, :] == table[:, :, None]).sum(axis=2)
    shared: Floats = above + (equal + 1) / 2
    return shared


def friedman_p(ranks: Floats, seed: int = 0) -> float:
    """How often ranks (N, k), shuffled within their rows, differ as much between columns, in (0, 1].

    With few data sets the χ² distribution that the test is known for is only a rough guide.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.broadcast_to(ranks, (_DRAWS, *ranks.shape)), axis=2)
    spread = shuffled.mean(axis=1).var(axis=1)
    reached = int((spread >= ranks.mean(axis=0).var() - 1e-12).sum())
    return (1 + reached) / (1 + _DRAWS)


def critical_difference(count: int, sets: int, alpha: float = ALPHA) -> float:
    """q·√(k(k+1)/6N) of k detectors over N data sets, q being the studentised range's quantile over √2."""
    low, high = 0.0, 20.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if _range_below(middle, count) < 1 - alpha else (low, middle)
    return high / math.sqrt(2) * math.sqrt(count * (count + 1) / (6 * sets))


def _range_below(width: float, count: int) -> float:
    """The probability that `count` standard normal numbers lie within `width` of each other."""
    density = np.exp(-(_GRID**2) / 2) / math.sqrt(2 * math.pi)
    within = _normal(_GRID) - _normal(_GRID - width)
    return float(count * np.trapezoid(density * within ** (count - 1), _GRID))


def _normal(values: Floats) -> Floats:
    return np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in values])
