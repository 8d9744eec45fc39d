"""Counted pixels give what exact ones give, within the error that they state."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.errors import MetricError
from flawflow.metrics import PixelMeasures
from flawflow.metrics.counts import _DROPPED_BITS, PixelCounts, ordered_levels


@given(st.integers(0, 2**32 - 1), st.sampled_from([-1000.0, 0.0, 3.0]), st.booleans())
def test_close_to_exact(seed: int, offset: float, grid: bool):
    rng = np.random.default_rng(seed)
    masks = np.zeros((4, 20, 21), bool)
    masks[1, 3:9, 4:12] = masks[2, :2] = True
    maps = rng.normal(size=masks.shape) + masks * rng.uniform(0, 3)
    maps = ((np.round(maps, 1) if grid else maps) + offset).astype(np.float32)
    exact, counts = PixelMeasures(), PixelCounts()
    for anomaly_map, mask in zip(maps, masks, strict=True):
        exact.update(anomaly_map, mask)
        counts.add(anomaly_map, mask if mask.any() else None)
    area, error = counts.auroc()
    assert abs(area - exact.result().auroc) <= error + 1e-12
    assert error < (0.5 if offset == -1000.0 else 0.05)


def test_a_mask_may_be_larger_than_its_map():
    counts, exact = PixelCounts(), PixelMeasures()
    mask = np.zeros((9, 10), bool)
    mask[4, 3:6] = True
    for measures in (counts.add, exact.update):
        measures(np.array([[0, 1, 2], [3, 4, 5]], np.float32), mask)
    assert counts.auroc()[0] == pytest.approx(exact.result().auroc)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2))
def test_levels_keep_the_order_of_scores(values: list[float]):
    scores = np.sort(np.array(values, np.float32))
    levels = ordered_levels(scores, _DROPPED_BITS).astype(np.int64)
    assert (np.diff(levels) >= 0).all()
    assert ordered_levels(np.array([-0.0], np.float32), _DROPPED_BITS) == ordered_levels(
        np.array([0.0], np.float32), _DROPPED_BITS
    )


def test_kept_counts_are_the_same_and_add_up(tmp_path: Path, rng: np.random.Generator):
    parts = [PixelCounts() for _ in range(3)]
    maps = rng.normal(size=(2, 30, 30)).astype(np.float32)
    mask = rng.random((30, 30)) < 0.2
    for anomaly_map, part in zip(maps, parts, strict=False):
        part.add(anomaly_map, mask)
        parts[2].add(anomaly_map, mask)
    for n in range(2):
        parts[n].save(tmp_path / f"{n}.npz")
    both = PixelCounts.load(tmp_path / "0.npz") + PixelCounts.load(tmp_path / "1.npz")
    assert both.auroc() == parts[2].auroc()


def test_what_cannot_be_counted_is_refused(tmp_path: Path):
    counts = PixelCounts()
    flat = np.zeros((4, 4), np.float32)
    with pytest.raises(MetricError, match="no good pixel"):
        counts.auroc()
    counts.add(flat)
    with pytest.raises(MetricError, match="no defect pixel"):
        counts.auroc()
    with pytest.raises(MetricError, match="not finite"):
        counts.add(flat + np.nan)
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(MetricError, match=r"bad\.npz is damaged"):
        PixelCounts.load(tmp_path / "bad.npz")
