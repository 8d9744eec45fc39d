"""Scores counted: kept one by one, or packed into distinct values when memory is to be saved."""

from collections.abc import Iterable
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = NDArray[np.float32]
Column: TypeAlias = NDArray[np.float64]
_Number = TypeVar("_Number", np.float32, np.float64)


def distinct(values: NDArray[_Number], *columns: Column) -> tuple[NDArray[_Number], tuple[Column, ...]]:
    """The distinct values, ascending, with each column summed over equal values.

    Args:
        values: (N,) finite numbers.
        columns: (N,) each, what every value carries.

    Returns:
        (S,) distinct values and, in the order of `columns`, (S,) sums.
    """
    if len(values) == 0:
        return values, columns
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = _starts(ordered)
    return ordered[starts], tuple(np.add.reduceat(column[order], starts) for column in columns)


def truncated(scores: Scores, dropped_bits: int) -> Scores:
    """Scores with the lowest bits of their float32 form cleared; 0 bits leave them as they are.

    Clearing moves a score towards zero by less than 2^(dropped_bits - 23) of itself (a subnormal
    number: down to zero) and never changes the order of two scores; it can only make them equal.
    """
    if dropped_bits == 0:
        return scores
    kept = np.uint32((0xFFFFFFFF << dropped_bits) & 0xFFFFFFFF)
    return (scores.view(np.uint32) & kept).view(np.float32)


class GoodScoreCounts:
    """The scores of good pixels: answers how many are above a level."""

    def __init__(self) -> None:
        self._fresh: list[Scores] = []
        self._fresh_is_sorted = True
        self._parts: list[tuple[Scores, Column]] = []
        self._levels = np.empty(0, np.float32)
        self._areas = np.empty(0, np.float64)

    @property
    def held(self) -> int:
        """Number of values in memory."""
        return sum(map(len, self._fresh)) + sum(len(scores) for scores, _ in self._parts) + len(self._levels)

    @property
    def total(self) -> float:
        """Number of pixels; parts of pixels count as such."""
        parts = sum(float(areas.sum()) for _, areas in self._parts)
        return float(self._areas.sum()) + parts + sum(map(len, self._fresh))

    def add(self, scores: Scores) -> None:
        """Count more pixels, (N,) float32."""
        self._fresh.append(scores)
        self._fresh_is_sorted = False

    def add_parts(self, scores: Scores, areas: Column) -> None:
        """Count (N,) parts of pixels with their (N,) areas in (0, 1)."""
        self._parts.append((scores, areas))

    def pack(self, dropped_bits: int) -> None:
        """Merge equal values after clearing bits; every count stays exact."""
        fresh = truncated(self._sorted(), dropped_bits)
        starts = _starts(fresh)
        counts = np.diff(starts, append=len(fresh)).astype(np.float64)
        self._merge([(fresh[starts], counts), *self._parts], dropped_bits)
        self._fresh, self._parts = [], []

    def above(self, levels: Scores) -> Column:
        """For each of (S,) levels the number of pixels that score strictly higher."""
        return self._beyond(levels, strictly=True)

    def at_least(self, levels: Scores) -> Column:
        """For each of (S,) levels the number of pixels that score as high or higher."""
        return self._beyond(levels, strictly=False)

    def _beyond(self, levels: Scores, *, strictly: bool) -> Column:
        fresh = self._sorted()
        if self._parts:
            self._merge(self._parts, 0)
            self._parts = []
        cumulated = np.concatenate([np.zeros(1), np.cumsum(self._areas)])
        side: Literal["left", "right"] = "right" if strictly else "left"
        packed = cumulated[-1] - cumulated[np.searchsorted(self._levels, levels, side)]
        beyond: Column = packed + (len(fresh) - np.searchsorted(fresh, levels, side))
        return beyond

    def _merge(self, more: list[tuple[Scores, Column]], dropped_bits: int) -> None:
        levels, areas = zip((self._levels, self._areas), *more, strict=True)
        self._levels, (self._areas,) = distinct(
            truncated(np.concatenate(levels), dropped_bits), np.concatenate(areas)
        )

    def _sorted(self) -> Scores:
        if not self._fresh_is_sorted:
            joined = np.concatenate(self._fresh)
            joined.sort()
            self._fresh, self._fresh_is_sorted = [joined], True
        return self._fresh[0] if self._fresh else np.empty(0, np.float32)


class DefectScoreCounts:
    """The scores of defect pixels, each with its area and with its share area/|region| of its region."""

    def __init__(self) -> None:
        self.regions = 0
        self._parts: list[tuple[Scores, Column, Column]] = []

    @property
    def held(self) -> int:
        """Number of values in memory."""
        return sum(len(scores) for scores, _, _ in self._parts)

    def add(self, scores: Scores, areas: Column, shares: Column, regions: int) -> None:
        """Count (N,) more pixels with their (N,) areas and shares, which lie in that many further regions."""
        self._parts.append((scores, areas, shares))
        self.regions += regions

    def pack(self, dropped_bits: int) -> None:
        """Merge equal values after clearing bits; areas and shares are summed."""
        self._parts = [self.levels([self], dropped_bits)]

    @staticmethod
    def levels(counts: Iterable["DefectScoreCounts"], dropped_bits: int = 0) -> tuple[Scores, Column, Column]:
        """(S,) distinct scores of several tallies, descending, with their areas and shares."""
        parts = [part for count in counts for part in count._parts]
        if not parts:
            return np.empty(0, np.float32), np.empty(0), np.empty(0)
        scores = truncated(np.concatenate([part[0] for part in parts]), dropped_bits)
        areas, shares = (np.concatenate([part[column] for part in parts]) for column in (1, 2))
        scores, (areas, shares) = distinct(scores, areas, shares)
        return scores[::-1], areas[::-1], shares[::-1]


def _starts(ordered: NDArray[_Number]) -> NDArray[np.intp]:
    """Where each distinct value of an ascending array begins."""
    changed = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=changed[1:])
    return np.flatnonzero(changed)
