import pytest

from flawflow.metrics import ScoredImage, Thresholds, evaluate_maps
from flawflow.metrics.at_threshold import AtThreshold

THRESHOLDS = Thresholds(image=0.5, pixel=0.5, false_reject_rate=0.01)


def test_a_score_at_the_threshold_is_not_rejected():
    found = AtThreshold.counted(THRESHOLDS, good=[0.1, 0.5, 0.6, 0.2], defective=[0.5, 0.7, 0.9])
    assert (found.false_rejects, found.false_reject_rate) == (1, 0.25)
    assert found.recall == pytest.approx(2 / 3)
    # Clopper and Pearson for 1 of 4 and 2 of 3, from their tables.
    assert found.false_reject_interval == pytest.approx((0.0063, 0.8059), abs=5e-5)
    assert found.recall_interval == pytest.approx((0.0943, 0.9916), abs=5e-5)
    assert (found.threshold, found.stated_false_reject_rate) == (0.5, 0.01)


def test_an_evaluation_counts_all_and_each_kind():
    kinds = [("good", 0.1), ("good", 0.6), ("dent", 0.4), ("dent", 0.8), ("spot", 0.9)]
    records = [ScoredImage(kind != "good", kind, score) for kind, score in kinds]
    found = evaluate_maps(records, thresholds=THRESHOLDS)
    assert found.at_threshold == AtThreshold.counted(THRESHOLDS, [0.1, 0.6], [0.4, 0.8, 0.9])
    assert {name: part.recall for name, part in found.per_defect.items()} == {"dent": 0.5, "spot": 1.0}
    assert found.to_dict()["at_threshold"]["recall_interval"] == [*found.at_threshold.recall_interval]
    without = evaluate_maps(records)
    assert without.at_threshold is without.per_defect["dent"].recall is None
