"""An evaluation is what its parts measured apart are."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from flawflow.errors import MetricError
from flawflow.metrics import DefectRegion, ScoredImage, Thresholds, aupro, evaluate_maps

SHAPE = (24, 20)


@pytest.fixture
def records(rng: np.random.Generator) -> list[ScoredImage]:
    made = []
    for name in ["good"] * 5 + ["scratch"] * 4 + ["dent"] * 3:
        mask = np.zeros(SHAPE, bool)
        if name != "good":
            top, left = rng.integers(0, 12, 2)
            mask[top : top + 6, left : left + 5] = True
        anomaly_map = (rng.normal(size=SHAPE) + mask).astype(np.float32)
        score = float(anomaly_map.max())
        made.append(ScoredImage(name != "good", name, score, anomaly_map, mask if name != "good" else None))
    return made


def pixels(records: list[ScoredImage]) -> tuple[np.ndarray, np.ndarray]:
    masks = [np.zeros(SHAPE, bool) if record.mask is None else record.mask for record in records]
    return np.array(masks), np.array([record.anomaly_map for record in records])


def test_all_measures(records: list[ScoredImage]) -> None:
    result = evaluate_maps(iter(records))
    labels, scores = [r.is_defective for r in records], [r.score for r in records]
    masks, maps = pixels(records)
    assert result.image_count == 12
    assert result.defect_count == 7
    assert result.image_auroc == pytest.approx(roc_auc_score(labels, scores))
    assert result.image_average_precision == pytest.approx(average_precision_score(labels, scores))
    assert result.pixel_auroc == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()))
    assert result.pixel_average_precision == pytest.approx(
        average_precision_score(masks.ravel(), maps.ravel())
    )
    assert result.aupro == pytest.approx(aupro(maps, masks))
    assert result.aupro_005 == pytest.approx(aupro(maps, masks, fpr_limit=0.05))
    assert result.pixel_error == 0


def test_pixels_at_the_threshold_of_the_model_and_at_the_best(records: list[ScoredImage]) -> None:
    masks, maps = pixels(records)
    limits = Thresholds(image=2.0, pixel=1.0, false_reject_rate=0.01)
    result = evaluate_maps(records, thresholds=limits)
    assert result.segf1 == pytest.approx(f1_score(masks.ravel(), maps.ravel() > 1))
    best = max(f1_score(masks.ravel(), maps.ravel() >= level) for level in np.unique(maps)[::60])
    assert best <= result.oracle_segf1 < best + 0.02
    assert evaluate_maps(records).segf1 is None
    assert evaluate_maps(records).oracle_segf1 == result.oracle_segf1


def test_defects_that_are_marked_one_by_one(records: list[ScoredImage]) -> None:
    split = [
        replace(each, defects=[DefectRegion(each.mask, 0.5)]) if each.defect_type == "dent" else each
        for each in records
    ]
    result = evaluate_maps(split)
    assert result.per_defect["scratch"].auspro is None
    assert result.auspro is not None
    assert result.per_defect["dent"].auspro > result.per_defect["dent"].aupro_005
    assert (result.aupro, result.aupro_005) == (
        evaluate_maps(records).aupro,
        evaluate_maps(records).aupro_005,
    )


def test_each_defect_type_against_all_good(records: list[ScoredImage]) -> None:
    result = evaluate_maps(records)
    assert list(result.per_defect) == ["dent", "scratch"]
    for name, count in (("dent", 3), ("scratch", 4)):
        part = [record for record in records if record.defect_type in ("good", name)]
        masks, maps = pixels(part)
        of_type = result.per_defect[name]
        assert (of_type.image_count, of_type.masked_count, of_type.region_count) == (count,) * 3
        assert of_type.image_auroc == pytest.approx(
            roc_auc_score([r.is_defective for r in part], [r.score for r in part])
        )
        assert of_type.pixel_auroc == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()))
        assert of_type.aupro == pytest.approx(aupro(maps, masks))
        assert of_type.aupro_005 == pytest.approx(aupro(maps, masks, fpr_limit=0.05))
        assert of_type.pixel_average_precision == pytest.approx(
            average_precision_score(masks.ravel(), maps.ravel())
        )


def test_order_does_not_matter(records: list[ScoredImage]) -> None:
    one, other = evaluate_maps(records).to_dict(), evaluate_maps(records[::-1]).to_dict()
    assert one.pop("per_defect")["dent"] == pytest.approx(other.pop("per_defect")["dent"])
    for content in (one, other):
        assert (content.pop("left_out"), content.pop("notes")) == ([], [])
    lower, upper = one.pop("image_auroc_interval")
    assert [lower, upper] == other.pop("image_auroc_interval")
    assert 0 <= lower < one["image_auroc"] < upper <= 1
    assert one == pytest.approx(other)


def test_json_holds_it_all(records: list[ScoredImage]) -> None:
    content = evaluate_maps(records).to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_without_maps_there_are_picture_measures_only(records: list[ScoredImage]) -> None:
    bare = [ScoredImage(r.is_defective, r.defect_type, r.score) for r in records]
    result, full = evaluate_maps(bare), evaluate_maps(records)
    assert result.image_auroc == full.image_auroc
    assert result.pixel_auroc is result.pixel_average_precision is result.aupro is result.pixel_error is None
    assert result.per_defect["dent"].aupro is result.per_defect["dent"].pixel_auroc is None
    assert result.per_defect["dent"].masked_count == 0


def test_a_defect_without_mask_counts_as_a_picture_only(records: list[ScoredImage]) -> None:
    wild = np.full(SHAPE, 99, np.float32)
    more = [
        *records,
        ScoredImage(True, "unknown", 99.0, wild, None),
        ScoredImage(True, "dent", 99.0, wild, None),
    ]
    before, after = evaluate_maps(records), evaluate_maps(more)
    assert after.defect_count == before.defect_count + 2
    assert after.image_auroc > before.image_auroc
    assert (after.pixel_auroc, after.aupro) == (before.pixel_auroc, before.aupro)
    assert after.per_defect["unknown"].pixel_auroc is None
    assert (after.per_defect["dent"].image_count, after.per_defect["dent"].masked_count) == (4, 3)


def test_an_empty_mask_of_a_defective_picture_is_good_ground(records: list[ScoredImage]) -> None:
    wild = np.full(SHAPE, 99, np.float32)
    after = evaluate_maps([*records, ScoredImage(True, "empty", 99.0, wild, np.zeros(SHAPE, bool))])
    before = evaluate_maps(records)
    assert after.pixel_auroc is not None
    assert before.pixel_auroc is not None
    assert after.pixel_auroc < before.pixel_auroc
    assert after.per_defect["empty"].masked_count == 1
    assert after.per_defect["empty"].region_count == 0
    assert after.per_defect["empty"].aupro is None


def test_a_class_is_missing(records: list[ScoredImage]) -> None:
    with pytest.raises(MetricError, match="no defective picture"):
        evaluate_maps(records[:5])
    with pytest.raises(MetricError, match="no good picture"):
        evaluate_maps(records[5:])


def test_contradictions_and_broken_numbers(records: list[ScoredImage]) -> None:
    with pytest.raises(MetricError, match="called good has a mask with a defect"):
        evaluate_maps(
            [*records, ScoredImage(False, "good", 0.0, np.zeros(SHAPE, np.float32), np.ones(SHAPE, bool))]
        )
    with pytest.raises(MetricError, match="not a finite number"):
        evaluate_maps([*records, ScoredImage(True, "dent", float("nan"))])
    with pytest.raises(MetricError, match="not a finite float32"):
        evaluate_maps([*records, ScoredImage(False, "good", 0.0, np.full(SHAPE, np.nan, np.float32))])


def test_a_good_picture_may_come_with_an_empty_mask(records: list[ScoredImage]) -> None:
    empty = np.zeros(SHAPE, bool)
    masked = [each if each.is_defective else replace(each, mask=empty) for each in records]
    assert evaluate_maps(masked) == evaluate_maps(records)
