"""Masks are laid over maps of any size so that every region stays what it is."""

from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

from flawflow.images import read_mask
from flawflow.metrics import PixelMeasures, aupro
from flawflow.metrics.shares import shares_of

EIGHT = np.ones((3, 3))
MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def grown(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """By nearest neighbour, in either direction in which the mask is smaller than `size`."""
    shape = np.maximum(mask.shape, size)
    places = [
        [floor((Fraction(2 * i + 1, 2)) * old / new) for i in range(new)]
        for old, new in zip(mask.shape, shape, strict=True)
    ]
    return mask[np.ix_(*places)]


@settings(max_examples=200, deadline=None)
@given(MASKS, SIZES)
def test_every_mask_pixel_counts_where_its_centre_lies(
    mask: NDArray[np.bool_], size: tuple[int, int]
) -> None:
    shares = shares_of(mask, size)
    labels, count = ndimage.label(mask, EIGHT)
    large = grown(labels, size)
    inside: dict[tuple[int, int], int] = {}
    whole = np.zeros(size)
    for (y, x), region in np.ndenumerate(large):
        row, column = (
            floor(Fraction(2 * i + 1, 2) * new / old)
            for i, new, old in zip((y, x), size, large.shape, strict=True)
        )
        whole[row, column] += 1
        if region:
            key = (region, row * size[1] + column)
            inside[key] = inside.get(key, 0) + 1
    assert whole.min() >= 1
    expected = [pixels / whole.ravel()[cell] for (_, cell), pixels in sorted(inside.items())]
    assert [cell for _, cell in sorted(inside)] == shares.cells.tolist()
    np.testing.assert_allclose(shares.areas, expected)
    covered = np.bincount(shares.cells, shares.areas, minlength=size[0] * size[1])
    np.testing.assert_allclose(covered + shares.good, 1)
    assert shares.regions == count
    assert shares.of_region.sum() == pytest.approx(count)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_a_larger_mask_measures_the_repeated_map(seed: int, tall: int, wide: int) -> None:
    rng = np.random.default_rng(seed)
    maps = np.round(rng.normal(size=(3, 6, 7)), 1).astype(np.float32)
    masks = ndimage.uniform_filter(rng.random((3, 6 * tall, 7 * wide)), (0, 2, 2)) > 0.6
    masks[0], masks[1, 0, 0] = False, True
    measures = PixelMeasures()
    for anomaly_map, mask in zip(maps, masks, strict=True):
        measures.update(anomaly_map, mask)
    found = measures.result()
    large = np.repeat(np.repeat(maps, tall, axis=1), wide, axis=2)
    truth, scores = masks.ravel(), large.ravel()
    assert found.auroc == pytest.approx(roc_auc_score(truth, scores))
    assert found.average_precision == pytest.approx(average_precision_score(truth, scores))
    assert found.aupro == pytest.approx(aupro(large, masks))
    assert found.region_count == sum(ndimage.label(mask, EIGHT)[1] for mask in masks)


def test_a_tiny_defect_is_found_where_it_is() -> None:
    mask = np.zeros((2048, 2048), bool)
    mask[1001:1004, 1001:1004] = True
    anomaly_map = np.zeros((256, 256), np.float32)
    anomaly_map[125, 125] = 1
    measures = PixelMeasures()
    measures.update(anomaly_map, mask)
    found = measures.result()
    # Only the good part of that one map pixel, 55 of its 64 mask pixels, costs anything.
    assert found.region_count == 1
    assert found.aupro == pytest.approx(1 - 55 / (2 * (2048**2 - 9) * 0.3), abs=1e-9)


def test_a_thin_crack_stays_one_region() -> None:
    mask = np.zeros((650, 256), bool)
    along = np.arange(200)
    mask[100 + along // 6, 20 + along] = True
    assert shares_of(mask, (256, 256)).regions == 1


def test_the_regions_of_real_masks(shared_data: Path) -> None:
    paths = sorted((shared_data / "kolektorsdd" / "ground_truth").glob("*/*"))
    assert sum(shares_of(read_mask(path), (256, 256)).regions for path in paths) == 73
