"""AUPRO equals its definition taken word by word, and the MVTec code's result within its resolution."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import ndimage

from flawflow.errors import MetricError
from flawflow.metrics import aupro

Maps = NDArray[np.float32]
Masks = NDArray[np.bool_]


def brute_force(maps: Maps, masks: Masks, limit: float) -> float:
    """Each distinct score a threshold, each region looked at again for each, numpy's own trapezoids."""
    regions = []
    for number, mask in enumerate(masks):
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        regions += [(number, labels == region) for region in range(1, count + 1)]
    rates, overlaps = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        alarm = maps >= threshold
        rates.append((alarm & ~masks).sum() / (~masks).sum())
        overlaps.append(np.mean([alarm[number][region].mean() for number, region in regions]))
    at_limit = np.interp(limit, rates, overlaps)
    # Where the curve rises straight up at the limit, only its lower end belongs to the area.
    kept = np.array(rates) <= limit
    return float(np.trapezoid([*np.array(overlaps)[kept], at_limit], [*np.array(rates)[kept], limit]) / limit)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Maps, Masks]:
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)))
    grid = st.integers(0, draw(st.sampled_from([0, 2, 50])))
    maps = draw(hnp.arrays(np.float32, shape, elements=grid.map(float)))
    masks = draw(hnp.arrays(np.bool_, shape))
    return maps, masks


@settings(max_examples=300, deadline=None)
@given(pictures(), st.sampled_from([0.05, 0.3, 0.5, 1.0]))
def test_equal_to_the_definition(given_pictures: tuple[Maps, Masks], limit: float) -> None:
    maps, masks = given_pictures
    if masks.any() and not masks.all():
        expected = brute_force(maps, masks, limit)
        assert aupro(maps, masks, fpr_limit=limit) == pytest.approx(expected, abs=1e-9)
    else:
        with pytest.raises(MetricError, match="pixel to measure with"):
            aupro(maps, masks, fpr_limit=limit)


def test_close_to_the_mvtec_code(rng: np.random.Generator) -> None:
    # That code takes thresholds at good scores alone and joins the overlaps there by straight
    # lines, where the exact curve is level and then rises: between two neighbouring thresholds,
    # 1/n apart, it can differ by half the rise. All rises sum to 1.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that it imports beside
        from adeval.au_pro import calculate_au_pro
    maps = rng.normal(size=(5, 40, 50))
    masks = ndimage.gaussian_filter(rng.normal(size=maps.shape), (0, 3, 3)) > 0.12
    masks[0] = False
    maps[masks] += 1
    # Ranks keep the order and leave no ties, which that code does not treat alike on both sides.
    maps = maps.ravel().argsort().argsort().reshape(maps.shape).astype(np.float32)
    good = int((~masks).sum())
    theirs, _ = calculate_au_pro(list(masks), list(maps), num_thresholds=good)
    assert aupro(maps, masks) == pytest.approx(theirs, abs=0.5 / good / 0.3 + 1e-9)
    # A sign that the comparison sees something: the tolerance is far below a wrong definition.
    assert abs(aupro(maps, masks, fpr_limit=0.31) - theirs) > 10 / good


def test_each_region_counts_the_same() -> None:
    anomaly_map, mask = np.zeros((1, 20, 20), np.float32), np.zeros((1, 20, 20), bool)
    mask[0, :10, :10] = mask[0, 19, 19] = True
    anomaly_map[0, 19, 19] = 1
    # One region of two is found at no cost; the other rises with all that is good.
    assert aupro(anomaly_map, mask) == pytest.approx(0.5 + 0.5 * 0.15)


def test_a_diagonal_is_one_region() -> None:
    mask = np.zeros((4, 4), bool)
    mask[0, 0] = mask[1, 1] = mask[3, 3] = True
    anomaly_map = np.zeros((4, 4), np.float32)
    anomaly_map[3, 3] = 1
    assert aupro([anomaly_map], [mask]) == pytest.approx(0.5 + 0.5 * 0.15)


def test_the_limit_cuts_a_tie_in_a_straight_line() -> None:
    assert aupro([np.zeros((1, 4))], [np.array([[True, False, False, False]])]) == pytest.approx(0.15)


def test_sizes_may_differ() -> None:
    small, large = np.array([[1.0, 0.0]]), np.zeros((9, 7))
    assert aupro([small, large], [small > 0, large > 0]) == 1.0


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.1, np.nan])
def test_a_limit_out_of_range(limit: float) -> None:
    with pytest.raises(MetricError, match=r"must lie in \(0, 1\]"):
        aupro([], [], fpr_limit=limit)
