"""Clearing bits keeps the order and its bound; tallies count alike whether packed or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from flawflow.metrics.score_counts import DefectScoreCounts, GoodScoreCounts, distinct, truncated

SCORES = hnp.arrays(
    np.float32, st.integers(1, 30), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
)


@given(SCORES, st.integers(0, 31))
def test_truncation_keeps_the_order(scores: NDArray[np.float32], bits: int) -> None:
    assert (np.diff(truncated(np.sort(scores), bits)) >= 0).all()


@given(SCORES, st.integers(1, 22))
def test_truncation_moves_a_score_by_less_than_stated(scores: NDArray[np.float32], bits: int) -> None:
    normal = scores[np.abs(scores) >= np.finfo(np.float32).tiny].astype(np.float64)
    moved = truncated(normal.astype(np.float32), bits).astype(np.float64)
    assert (np.abs(moved) <= np.abs(normal)).all()
    assert (np.abs(normal - moved) < 2.0 ** (bits - 23) * np.abs(normal)).all()


def test_each_bit_halves_the_levels() -> None:
    scores = np.linspace(1, 2, 2**12, endpoint=False, dtype=np.float32)
    assert len(np.unique(truncated(scores, 11))) == 2**12
    assert len(np.unique(truncated(scores, 12))) == 2**11
    assert len(np.unique(truncated(scores, 13))) == 2**10


@given(SCORES, SCORES, SCORES, st.integers(0, 2))
def test_good_pixels_beyond_a_level(
    one: NDArray[np.float32], other: NDArray[np.float32], levels: NDArray[np.float32], packs: int
) -> None:
    counts = GoodScoreCounts()
    counts.add(one)
    for _ in range(packs):
        counts.pack(0)
    counts.add(other)
    everything = np.concatenate([one, other])
    asked = np.concatenate([levels, one[:3]])
    assert counts.above(asked).tolist() == [(everything > level).sum() for level in asked]
    assert counts.at_least(asked).tolist() == [(everything >= level).sum() for level in asked]


@given(SCORES, SCORES, st.integers(0, 2))
def test_parts_of_good_pixels_count_as_such(
    whole: NDArray[np.float32], parts: NDArray[np.float32], packs: int
) -> None:
    counts = GoodScoreCounts()
    counts.add(whole)
    counts.add_parts(parts, np.full(len(parts), 0.25))
    assert counts.held == len(whole) + len(parts)
    for _ in range(packs):
        counts.pack(0)
    assert counts.total == len(whole) + len(parts) / 4
    expected = [(whole > level).sum() + (parts > level).sum() / 4 for level in whole]
    assert counts.above(whole).tolist() == expected
    assert counts.at_least(parts).tolist() == [
        (whole >= level).sum() + (parts >= level).sum() / 4 for level in parts
    ]


def test_defect_pixels_are_summed_by_level() -> None:
    one, other = DefectScoreCounts(), DefectScoreCounts()
    one.add(np.array([2, 1, 2], np.float32), np.array([1.0, 0.5, 1.0]), np.array([0.5, 0.25, 0.25]), 2)
    one.pack(0)
    one.add(np.array([3], np.float32), np.array([1.0]), np.array([1.0]), 1)
    other.add(np.array([1], np.float32), np.array([1.0]), np.array([1.0]), 1)
    scores, areas, shares = DefectScoreCounts.levels([one, other])
    assert (scores.tolist(), areas.tolist(), shares.tolist()) == ([3, 2, 1], [1, 2, 1.5], [1, 0.75, 1.25])
    assert (one.regions, one.held) == (3, 3)


def test_nothing_counted() -> None:
    assert [len(column) for column in DefectScoreCounts.levels([])] == [0, 0, 0]
    assert GoodScoreCounts().above(np.zeros(2, np.float32)).tolist() == [0, 0]
    assert distinct(np.empty(0), np.empty(0))[0].size == 0


@pytest.mark.parametrize("columns", [0, 1, 2])
def test_distinct_sums_every_column(columns: int) -> None:
    values, sums = distinct(np.array([2.0, 1.0, 2.0]), *[np.array([1.0, 2.0, 3.0])] * columns)
    assert values.tolist() == [1, 2]
    assert [total.tolist() for total in sums] == [[2, 4]] * columns
