"""One pass gives what scikit-learn gives; a small budget stays within the error that it states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve, roc_auc_score

from flawflow.errors import MetricError
from flawflow.metrics import PixelMeasures, PixelResult, aupro


def measured(maps: np.ndarray, masks: np.ndarray, **options: int) -> PixelResult:
    measures = PixelMeasures(**options)
    for anomaly_map, mask in zip(maps, masks, strict=True):
        measures.update(anomaly_map, mask)
    return measures.result()


def some_pictures(seed: int, *, offset: float = 0, scale: float = 1, grid: bool = False) -> tuple:
    rng = np.random.default_rng(seed)
    masks = np.zeros((6, 32, 33), bool)
    masks[1:4, 5:12, 7:20] = True
    masks[2, 20:30, 1:4] = True
    maps = rng.normal(size=masks.shape) + masks * rng.uniform(0, 3)
    if grid:
        maps = np.round(maps, 1)
    return (maps * scale + offset).astype(np.float32), masks


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=25, deadline=None)
def test_equal_to_sklearn(seed: int, grid: bool) -> None:
    maps, masks = some_pictures(seed, grid=grid)
    result = measured(maps, masks)
    truth, scores = masks.ravel(), maps.ravel()
    assert result.auroc == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert result.average_precision == pytest.approx(average_precision_score(truth, scores), abs=1e-12)
    assert result.aupro == aupro(maps, masks)
    assert result.aupro_005 == aupro(maps, masks, fpr_limit=0.05)
    precision, recall, _ = precision_recall_curve(truth, scores)
    harmonic = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    assert result.best_f1 == pytest.approx(harmonic.max(), abs=1e-9)
    assert result.region_count == 4
    assert result.error == 0


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 100.0, -1000.0]),
    st.sampled_from([1e-30, 1.0, 1e30]),
    st.integers(1024, 6000),
)
@settings(max_examples=60, deadline=None)
def test_a_small_budget_keeps_its_word(seed: int, offset: float, scale: float, budget: int) -> None:
    maps, masks = some_pictures(seed, offset=offset * scale, scale=scale)
    exact, rounded = measured(maps, masks), measured(maps, masks, budget=budget)
    assert 0 < rounded.error < 0.5
    for name in ("auroc", "average_precision", "aupro", "aupro_005", "best_f1"):
        assert abs(getattr(exact, name) - getattr(rounded, name)) <= rounded.error + 1e-12
    assert rounded.region_count == exact.region_count


@given(st.integers(0, 2**32 - 1), st.integers(1024, 6000))
@settings(max_examples=30, deadline=None)
def test_a_small_budget_keeps_its_word_with_larger_masks(seed: int, budget: int) -> None:
    maps, _ = some_pictures(seed)
    large = np.random.default_rng(seed).random((6, 50, 61)) < 0.1
    large[0] = False
    exact, rounded = measured(maps, large), measured(maps, large, budget=budget)
    for name in ("auroc", "average_precision", "aupro"):
        assert abs(getattr(exact, name) - getattr(rounded, name)) <= rounded.error + 1e-9
    assert rounded.region_count == exact.region_count


@given(st.integers(0, 2**32 - 1), st.floats(-1, 3), st.sampled_from([2**20, 1024]))
@settings(max_examples=25, deadline=None)
def test_f1_at_a_threshold_is_exact_within_any_budget(seed: int, threshold: float, budget: int) -> None:
    maps, masks = some_pictures(seed)
    level = float(np.float32(threshold))
    found = measured(maps, masks, threshold=level, budget=budget)
    assert found.f1 == pytest.approx(
        f1_score(masks.ravel(), maps.ravel() > level, zero_division=0), abs=1e-12
    )
    assert found.f1 <= found.best_f1 + found.error + 1e-12


def test_f1_of_masks_of_another_size_counts_areas() -> None:
    measures = PixelMeasures(threshold=0.5)
    # The mask covers the first pixel of the map by half: of the area called, one half is right.
    measures.update(np.array([[1.0, 0.0]]), np.array([[True, False, False, False]]))
    assert measures.result().f1 == pytest.approx(2 * 0.5 / (1 + 0.5))
    assert measures.result(["never seen", None]).f1 == measures.result().f1


def test_without_a_threshold_there_is_no_f1() -> None:
    assert measured(*some_pictures(9)).f1 is None


def test_the_error_is_small_at_a_modest_budget() -> None:
    maps, masks = some_pictures(1)
    assert measured(maps, masks, budget=4096).error < 0.002


def test_few_levels_are_exact_within_any_budget() -> None:
    maps, masks = some_pictures(2, grid=True)
    exact, packed = measured(maps, masks), measured(maps, masks, budget=1024)
    assert packed.error == 0
    assert packed.auroc == pytest.approx(exact.auroc, abs=1e-12)
    assert packed.aupro == pytest.approx(exact.aupro, abs=1e-12)


def test_the_budget_is_kept() -> None:
    maps, masks = some_pictures(3)
    measures = PixelMeasures(budget=2048)
    for _ in range(5):
        for anomaly_map, mask in zip(maps, masks, strict=True):
            measures.update(anomaly_map, mask)
            assert sum(tally.held for tally in measures._tallies.values()) == measures._held <= 2048


def test_order_of_pictures_does_not_matter() -> None:
    maps, masks = some_pictures(4)
    one, other = measured(maps, masks), measured(maps[::-1], masks[::-1])
    assert one.auroc == pytest.approx(other.auroc, abs=1e-14)
    assert one.aupro == pytest.approx(other.aupro, abs=1e-14)


def test_measuring_in_between_changes_nothing() -> None:
    maps, masks = some_pictures(5)
    measures = PixelMeasures()
    for anomaly_map, mask in zip(maps, masks, strict=True):
        measures.update(anomaly_map, mask)
        if mask.any():
            measures.result()
    assert measures.result() == measured(maps, masks)


@pytest.mark.parametrize("budget", [2**20, 2048])
def test_groups_measure_alone_and_together(budget: int) -> None:
    maps, masks = some_pictures(6)
    measures = PixelMeasures(budget=budget)
    for number, (anomaly_map, mask) in enumerate(zip(maps, masks, strict=True)):
        measures.update(anomaly_map, mask, group=number)
    part, whole = measures.result([0, 2, "never seen"]), measures.result()
    expected = measured(maps[[0, 2]], masks[[0, 2]])
    assert abs(part.auroc - expected.auroc) <= part.error + 1e-12
    assert abs(part.aupro - expected.aupro) <= part.error + 1e-12
    assert abs(whole.auroc - measured(maps, masks).auroc) <= whole.error + 1e-12


def test_the_map_may_be_overwritten_afterwards() -> None:
    maps, masks = some_pictures(7)
    measures, buffer = PixelMeasures(), np.empty(maps.shape[1:], np.float32)
    for anomaly_map, mask in zip(maps, masks, strict=True):
        buffer[:] = anomaly_map
        measures.update(buffer, mask)
    assert measures.result() == measured(maps, masks)


def test_no_mask_means_all_good() -> None:
    maps, masks = some_pictures(8)
    measures = PixelMeasures()
    for anomaly_map, mask in zip(maps, masks, strict=True):
        measures.update(anomaly_map, mask if mask.any() else None)
    assert measures.result() == measured(maps, masks)


def test_negative_zero_ties_with_zero() -> None:
    measures = PixelMeasures()
    measures.update(np.array([[-0.0, 0.0]], np.float32), np.array([[True, False]]))
    assert measures.result().auroc == 0.5


@pytest.mark.parametrize(
    ("anomaly_map", "mask", "sentence"),
    [
        (np.array([[np.nan, 0.0]]), None, "not a finite float32"),
        (np.array([[np.inf, 0.0]]), None, "not a finite float32"),
        (np.array([[1e39, 0.0]]), None, "not a finite float32"),
        (np.zeros((2, 2)), np.zeros((1, 2, 2), bool), "does not fit"),
        (np.zeros((2, 2)), np.zeros((0, 2), bool), "does not fit"),
        (np.zeros((2, 2)), np.zeros((2, 2), np.uint8), "make it bool"),
        (np.zeros((1, 2, 2)), None, r"shape \(H, W\)"),
    ],
)
def test_what_does_not_fit(anomaly_map: np.ndarray, mask: np.ndarray | None, sentence: str) -> None:
    with pytest.raises(MetricError, match=sentence):
        PixelMeasures().update(anomaly_map, mask)


@pytest.mark.parametrize(
    ("mask", "missing"), [(np.zeros((2, 2), bool), "defect"), (np.ones((2, 2), bool), "good")]
)
def test_a_class_is_missing(mask: np.ndarray, missing: str) -> None:
    measures = PixelMeasures()
    with pytest.raises(MetricError, match="no defect pixel"):
        measures.result()
    measures.update(np.zeros((2, 2)), mask)
    with pytest.raises(MetricError, match=f"no {missing} pixel"):
        measures.result()


def test_too_small_a_budget() -> None:
    with pytest.raises(MetricError, match="at least 1,024"):
        PixelMeasures(budget=1000)
