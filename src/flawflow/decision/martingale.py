"""Betting that the values of a stream have changed: a conformal test martingale.

As long as known and new values come from one source, the place of each new value among the earlier ones is a
matter of pure chance: with n known values and t new ones so far, it falls into any of the n + 1 gaps between
known values with a probability of (1 + new values there)/(n + 1 + t), whatever the values are like (Pólya's
urn). So its conformal p-value is uniform and independent of the past, and bets against it form a martingale:
its wealth ever reaches 1/α with a probability of at most α, however long one looks (Ville's inequality; Vovk,
Gammerman & Shafer, "Algorithmic Learning in a Random World", ch. 8).
"""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

# How boldly to bet: f(p) = ε·p^(ε-1), each with the same share of the wealth.
_BET_EXPONENTS = np.array([0.15, 0.3, 0.5, 0.75])
_MIN_P_VALUE = 1e-12
_RECENT_VALUES = 20


class ConformalMartingale:
    """Bets that the values of one statistic have become higher, or lower, at any time.

    Args:
        known: Values from before.
        goal: The wealth at which a change is certain enough; it begins with 1.
        generator: Of the chance that orders equal values.
    """

    def __init__(self, known: NDArray[np.float64], goal: float, generator: np.random.Generator) -> None:
        self._known = np.sort(known)
        # How many values each gap between known ones may be drawn by: itself and the new ones in it.
        self._gaps = np.ones(len(known) + 1)
        self._goal = goal
        self._generator = generator
        self._wealth = np.zeros((2, len(_BET_EXPONENTS)))
        self._steps = 0
        self._has_found = False
        self._recent: deque[float] = deque(maxlen=_RECENT_VALUES)

    @property
    def before(self) -> float:
        """Median of the known values."""
        return float(np.median(self._known))

    @property
    def now(self) -> float:
        """Median of the latest values."""
        return float(np.median(self._recent))

    def add(self, value: float) -> int | None:
        """Take a value; gives 0 (lower) or 1 (higher) when it is the one that makes a change certain."""
        self._recent.append(value)
        if self._has_found:
            return None
        rank = self._rank(value)
        self._bet(np.array([rank, 1 - rank]))
        if self._wealth.sum() + _reserve(self._steps) < self._goal:
            return None
        self._has_found = True
        return int(self._wealth.sum(axis=1).argmax())

    def _rank(self, value: float) -> float:
        """The share of all values so far that lie below, in [0, 1): uniform if nothing has changed."""
        first, last = (int(np.searchsorted(self._known, value, side)) for side in ("left", "right"))
        edges = np.concatenate([[0.0], np.cumsum(self._gaps)])
        # Among values that are equal, or in one gap, chance decides.
        place = edges[first] + self._generator.random() * (edges[last + 1] - edges[first])
        gap = int(np.searchsorted(edges, place, side="right")) - 1
        self._gaps[min(gap, last)] += 1
        return float(place / edges[-1])

    def _bet(self, p: NDArray[np.float64]) -> None:
        """Bet on p-values of "lower" and of "higher".

        A part of the wealth is kept back and goes in step by step, so that a change may come late.
        """
        self._steps += 1
        fresh = (_reserve(self._steps - 1) - _reserve(self._steps)) / self._wealth.size
        gain = _BET_EXPONENTS * np.maximum(p, _MIN_P_VALUE)[:, None] ** (_BET_EXPONENTS - 1)
        self._wealth = (self._wealth + fresh) * gain


def _reserve(steps: int) -> float:
    """The share of the first wealth that is kept back after so many steps: it falls slowly, from 1 to 0."""
    return 1 / (1 + math.log1p(steps))
