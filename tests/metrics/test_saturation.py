"""The saturated overlap is what its definition says, by hand and threshold by threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flawflow.metrics import DefectRegion, PixelMeasures, PixelResult
from flawflow.metrics.saturation import saturated_shares


def measured(maps: np.ndarray, defects: list[list[DefectRegion]], **options: int) -> PixelResult:
    measures = PixelMeasures(**options)
    for anomaly_map, some in zip(maps, defects, strict=True):
        union = np.any([defect.mask for defect in some], axis=0) if some else None
        measures.update(anomaly_map, union, defects=some)
    return measures.result()


def by_definition(maps: np.ndarray, defects: list[list[DefectRegion]], limit: float = 0.05) -> float:
    """The area under mean sPRO against FPR up to a limit, over every threshold, by trapezoids."""
    good = np.ones(maps.shape, bool)
    for k, some in enumerate(defects):
        for defect in some:
            good[k] &= ~defect.mask
    points = [(0.0, 0.0)]
    for threshold in np.unique(maps)[::-1]:
        called = maps >= threshold
        overlaps = [
            min((called[k] & defect.mask).sum() / (defect.saturation * defect.mask.sum()), 1)
            for k, some in enumerate(defects)
            for defect in some
        ]
        points.append(((called & good).sum() / good.sum(), float(np.mean(overlaps))))
    rates, heights = np.array(points).T
    grid = np.unique([*rates[rates < limit], limit])
    # Where the rate stands still the curve steps up: the last height counts.
    last = [heights[rates <= x][-1] if (rates == x).any() else np.interp(x, rates, heights) for x in grid]
    first = [heights[rates >= x][0] if (rates == x).any() else np.interp(x, rates, heights) for x in grid]
    area = sum((grid[i + 1] - grid[i]) * (last[i] + first[i + 1]) / 2 for i in range(len(grid) - 1))
    return float(area / limit)


def some_defects(seed: int) -> tuple[np.ndarray, list[list[DefectRegion]]]:
    rng = np.random.default_rng(seed)
    maps = np.round(rng.normal(size=(3, 12, 10)), 1).astype(np.float32)
    defects: list[list[DefectRegion]] = [[]]
    for k in (1, 2):
        masks = rng.random((2, 12, 10)) < 0.2
        masks[:, 0, 0] = True  # The two overlap, as those of a part that may lie here or there do.
        defects.append(
            [DefectRegion(mask, saturation) for mask, saturation in zip(masks, (0.3, 1.0), strict=True)]
        )
        maps[k] += 2 * masks.any(axis=0)
    return maps, defects


def test_by_hand():
    # One defect of 4 pixels with values 9, 8, 3, 1, of which 2 are enough: complete at 8.
    defect = DefectRegion(np.array([[True] * 4 + [False] * 4]), 0.5)
    anomaly_map = np.array([[9, 8, 3, 1, 8.5, 2, 0, 0]], np.float32)
    scores, shares = saturated_shares(anomaly_map.ravel(), (1, 8), defect)
    assert scores.tolist() == [9, 8, 3, 1]
    assert shares.tolist() == [0.5, 0.5, 0, 0]
    # At rate 0 one value of four is found, a half of what is enough; the other comes at 0.25.
    assert measured(anomaly_map[None], [[defect]]).auspro == pytest.approx(0.5)
    # The same defect without saturation has a quarter.
    whole = DefectRegion(defect.mask)
    assert measured(anomaly_map[None], [[whole]]).auspro == pytest.approx(0.25)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_it_is_the_area_under_its_curve(seed: int):
    maps, defects = some_defects(seed)
    assert measured(maps, defects).auspro == pytest.approx(by_definition(maps, defects), abs=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_without_saturation_separate_regions_give_aupro(seed: int):
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(2, 16, 16)).astype(np.float32)
    masks = np.zeros((2, 16, 16), bool)
    masks[0, 2:6, 2:5], masks[1, 9:12, 9:15] = True, True
    found = measured(maps, [[DefectRegion(mask)] for mask in masks])
    assert found.auspro == pytest.approx(found.aupro_005)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 1))
@settings(max_examples=25, deadline=None)
def test_a_lower_saturation_is_never_worse(seed: int, saturation: float):
    maps, defects = some_defects(seed)
    lower = [[DefectRegion(d.mask, d.saturation * saturation) for d in some] for some in defects]
    assert measured(maps, lower).auspro >= measured(maps, defects).auspro - 1e-12


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 100.0]))
@settings(max_examples=25, deadline=None)
def test_a_small_budget_keeps_its_word(seed: int, offset: float):
    rng = np.random.default_rng(seed)
    maps = (rng.normal(size=(3, 40, 40)) + offset).astype(np.float32)
    masks = rng.random((3, 40, 40)) < 0.1
    defects = [[DefectRegion(mask, 0.4)] for mask in masks]
    exact, rounded = measured(maps, defects), measured(maps, defects, budget=1500)
    assert rounded.error > 0
    assert abs(exact.auspro - rounded.auspro) <= rounded.error + 1e-12


def test_a_mask_of_another_size_counts_by_its_own_pixels():
    mask = np.zeros((8, 8), bool)
    mask[:3, :2] = True  # Two thirds in the map's upper left pixel, one third below it.
    scores, shares = saturated_shares(
        np.array([1, 0, 5, 0], np.float32), (2, 2), DefectRegion(mask[:6, :], 0.5)
    )
    # A mask of 6 × 8 over a map of 2 × 2: rows 0-2 are the upper pixel's, so all of it lies there.
    assert scores.tolist() == [1]
    assert shares.tolist() == [1]
    scores, shares = saturated_shares(
        np.array([1, 0, 5, 0], np.float32), (2, 2), DefectRegion(mask[1:5], 1.0)
    )
    assert (scores.tolist(), shares.tolist()) == ([1], [1])


def test_no_defects_one_by_one_no_saturated_overlap():
    measures = PixelMeasures()
    measures.update(np.array([[1.0, 0.0]]), np.array([[True, False]]))
    assert measures.result().auspro is None
