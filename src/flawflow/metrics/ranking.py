"""Measures of a ranking: how well scores tell defective pictures from good ones."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flawflow.errors import MetricError
from flawflow.metrics import curve
from flawflow.metrics.score_counts import distinct


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the receiver operating characteristic, exact with ties.

    It is the probability that a defective picture scores higher than a good one, a tie counting
    one half (the Mann-Whitney statistic with mid-ranks).

    Args:
        labels: (N,) bool or 0/1, true where defective.
        scores: (N,) finite numbers, higher is more anomalous.

    Returns:
        A value in [0, 1].

    Raises:
        MetricError: A class is missing, a score is not finite, or the shapes differ.

    Examples:
        >>> auroc([False, False, True, True], [0.1, 0.4, 0.4, 0.8])
        0.875
    """
    hits, above, at_least, good_count = _counts(labels, scores)
    return curve.Steps(hits / hits.sum(), above / good_count, at_least / good_count).area()


def auroc_interval(
    labels: ArrayLike, scores: ArrayLike, *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Within what the AUROC of other pictures of the same kinds may be expected: a bootstrap interval.

    Good and defective pictures are drawn with replacement, each kind as many as there are; the interval is
    between the percentiles of what `auroc` then gives (Efron and Tibshirani 1993, section 13.3).

    Args:
        labels: (N,) bool or 0/1, true where defective.
        scores: (N,) finite numbers, higher is more anomalous.
        level: The share of resamples that lie inside, in (0, 1).
        resamples: How often to draw.
        seed: Of the draws.

    Returns:
        The lower and the upper end, each in [0, 1].

    Raises:
        MetricError: As for `auroc`.

    Examples:
        >>> auroc_interval([False, False, True, True], [0.1, 0.2, 0.7, 0.8])
        (1.0, 1.0)
    """
    is_defective, values = _checked(labels, scores)
    rng = np.random.default_rng(seed)
    # Sorted, so that the order of the pictures does not matter.
    good, found = np.sort(values[~is_defective]), np.sort(values[is_defective])
    # How many good scores lie below and up to each defective one changes with the draw of good ones only.
    below, up_to = (np.searchsorted(good, found, side=side) for side in ("left", "right"))
    areas = np.empty(resamples)
    for k in range(resamples):
        drawn = np.bincount(rng.integers(len(good), size=len(good)), minlength=len(good))
        cumulated = np.concatenate([[0], np.cumsum(drawn)])
        chosen = rng.integers(len(found), size=len(found))
        areas[k] = (cumulated[below[chosen]] + cumulated[up_to[chosen]]).mean() / (2 * len(good))
    lower, upper = np.quantile(areas, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under precision against recall as a sum of steps, exact with ties.

    AP = Σ_n (R_n - R_{n-1}) P_n over all distinct scores as thresholds, without interpolation.

    Args:
        labels: (N,) bool or 0/1, true where defective.
        scores: (N,) finite numbers, higher is more anomalous.

    Returns:
        A value in (0, 1].

    Raises:
        MetricError: A class is missing, a score is not finite, or the shapes differ.

    Examples:
        >>> average_precision([False, True, True], [0.5, 0.5, 0.9])
        0.8333333333333333
    """
    hits, _, at_least, _ = _counts(labels, scores)
    return curve.average_precision(hits, at_least)


def _counts(labels: ArrayLike, scores: ArrayLike) -> tuple[curve.Floats, curve.Floats, curve.Floats, int]:
    """Defects at each of their distinct scores, descending; good scores above and at least there."""
    is_defective, values = _checked(labels, scores)
    good = np.sort(values[~is_defective])
    found = values[is_defective]
    levels, (hits,) = distinct(found, np.ones(len(found)))
    levels, hits = levels[::-1], hits[::-1]
    above = len(good) - np.searchsorted(good, levels, side="right")
    at_least = len(good) - np.searchsorted(good, levels, side="left")
    return hits, above.astype(np.float64), at_least.astype(np.float64), len(good)


def _checked(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], curve.Floats]:
    given = np.asarray(labels)
    values = np.asarray(scores, dtype=np.float64)
    if given.shape != values.shape or given.ndim != 1:
        raise MetricError(
            f"Labels of shape {given.shape} and scores of shape {values.shape} do not belong together;"
            " give one label and one score a picture."
        )
    is_defective = given.astype(np.bool_)
    if not np.array_equal(is_defective, given):
        raise MetricError("Labels must be true or false (or 1 and 0); other values were given.")
    if not np.isfinite(values).all():
        raise MetricError("A score is not a finite number; find the picture that gave it before measuring.")
    for kind, count in (("defective", is_defective.sum()), ("good", (~is_defective).sum())):
        if count == 0:
            raise MetricError(f"There is no {kind} picture to measure with; give at least one of each kind.")
    return is_defective, values
