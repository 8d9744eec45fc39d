"""The error that a measure states is reached by some order of the tied scores, and exceeded by none."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.metrics.curve import (
    Steps,
    average_precision,
    average_precision_error,
    best_f1,
    best_f1_error,
)

# For each distinct score, descending: defects and good ones that are tied there.
ties = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=2)


def orders(hits: int, alarms: int) -> list[tuple[bool, ...]]:
    """All ways in which tied ones may follow each other; True is a defect."""
    return sorted(set(itertools.permutations([True] * hits + [False] * alarms)))


def untied(order: list[bool]) -> tuple[float, float]:
    """Average precision and area under the curve of a ranking without ties, by their definitions."""
    found = [rank for rank, defect in enumerate(order, start=1) if defect]
    precision = np.mean([number / rank for number, rank in enumerate(found, start=1)])
    good = [rank for rank, defect in enumerate(order, start=1) if not defect]
    pairs = [defect < other for defect in found for other in good]
    return float(precision), float(np.mean(pairs)) if pairs else 1.0


def counted(groups: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hits, alarms = (np.array([group[k] for group in groups], float) for k in (0, 1))
    at_least = np.cumsum(alarms)
    return hits, at_least - alarms, at_least


@given(ties)
def test_no_order_of_ties_is_further_than_stated(groups: list[tuple[int, int]]):
    hits, above, at_least = counted(groups)
    total = max(1.0, at_least[-1])
    steps = Steps(hits / hits.sum(), above / total, at_least / total)
    for chosen in itertools.product(*(orders(*group) for group in groups)):
        precision, area = untied([defect for part in chosen for defect in part])
        assert abs(precision - average_precision(hits, at_least)) <= (
            average_precision_error(hits, above, at_least) + 1e-12
        )
        if at_least[-1]:
            assert abs(area - steps.area()) <= steps.area_error() + 1e-12


@pytest.mark.parametrize(("hits", "alarms"), [(1, 1), (1, 3), (1, 9)])
def test_a_tie_of_one_defect_can_be_as_far_off_as_stated(hits: int, alarms: int):
    counts = counted([(hits, alarms)])
    found = [untied(list(order))[0] for order in orders(hits, alarms)]
    value = average_precision(counts[0], counts[2])
    # The best order: the defect first.
    assert max(abs(each - value) for each in found) == pytest.approx(average_precision_error(*counts))
    assert average_precision_error(*counts) == pytest.approx(1 - 1 / (1 + alarms))


def test_the_worst_and_the_best_of_two_ties():
    # 2 defects with 0 good ones, then 2 with 1: found 2, 4; alarms 0, 1.
    error = average_precision_error(np.array([2.0, 2.0]), np.array([0.0, 0.0]), np.array([0.0, 1.0]))
    # The first tie is exact but for the rule that its first defect counts alone, 1/1; the second is 4/5,
    # at best 4/4, at worst 3/4.
    assert error == pytest.approx((2 * 0 + 2 * (1 - 4 / 5)) / 4)
    # And where the worst is further: 1 defect alone, then 4 with 2 good ones: 5/7, at best 5/5, at worst 2/4.
    error = average_precision_error(np.array([1.0, 4.0]), np.array([0.0, 0.0]), np.array([0.0, 2.0]))
    assert error == pytest.approx(4 * max(1 - 5 / 7, 5 / 7 - 2 / 4) / 5)
    # 8 defects found before, 8 more with 1 good one above all: 16/18, at best 16/17. At worst both good ones
    # come first, and the mean precision is 1/8 · ∫₀⁸ (8 + x)/(10 + x) dx.
    error = average_precision_error(np.array([8.0, 8.0]), np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    assert error == pytest.approx(8 * max(16 / 17 - 16 / 18, 16 / 18 - (1 - 2 / 8 * math.log(18 / 10))) / 16)


def test_without_ties_nothing_is_off():
    hits, at_least = np.array([1.0, 1.0]), np.array([0.0, 3.0])
    nothing = np.zeros(2)
    assert average_precision_error(hits, nothing, nothing) == 0.0
    assert Steps(hits / 2, at_least / 3, at_least / 3).area_error() == 0.0


def test_the_area_up_to_a_limit():
    # Defects tied with the good ones between the rates 0.2 and 0.6: a ramp from 0 to 1.
    steps = Steps(np.array([1.0]), np.array([0.2]), np.array([0.6]))
    assert steps.area() == pytest.approx(0.6)
    assert steps.area(0.4) == pytest.approx(0.5 * 0.2 * 0.5 / 0.4)
    assert steps.area(0.1) == 0.0
    assert steps.area_error() == pytest.approx(0.2)
    # Up to 0.4 at best 0.2/0.4 belongs to it, at worst nothing.
    assert steps.area_error(0.4) == pytest.approx(max(0.5 - 0.125, 0.125))


@given(ties)
def test_no_order_of_ties_has_a_higher_f1_than_stated(groups: list[tuple[int, int]]):
    hits, above, at_least = counted(groups)
    highest = best_f1(hits, at_least) + best_f1_error(hits, above, at_least)
    for chosen in itertools.product(*(orders(*group) for group in groups)):
        order = np.array([defect for part in chosen for defect in part])
        found = np.cumsum(order)
        f1 = 2 * found / (np.arange(1, len(order) + 1) + found[-1])
        assert best_f1(hits, at_least) - 1e-12 <= f1.max() <= highest + 1e-12


def test_the_best_f1_by_hand():
    # Defects 2 then 2, good ones 0 then 4: after the first two F1 = 4/(2 + 4), after all 8/(8 + 4).
    assert best_f1(np.array([2.0, 2.0]), np.array([0.0, 4.0])) == pytest.approx(2 / 3)
    assert best_f1(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == pytest.approx(8 / 9)
