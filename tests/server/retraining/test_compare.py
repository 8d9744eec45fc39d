from collections.abc import Callable
from pathlib import Path

import pytest

from flawflow.inspection.inspector import Inspector
from flawflow.server.retraining.compare import compare
from flawflow.server.retraining.datasets import Datasets, is_for_test
from flawflow.server.station import Station

Review = Callable[..., dict]


def test_both_models_are_measured_on_what_neither_has_seen(
    station: Station, review: Review, tmp_path: Path, tiny_model: Path
):
    reviewed = [review(level, "good") for level in range(100, 130)] + [review(3, "bad")]
    data = Datasets(
        tmp_path / "sets", store=station.store, image_store=station.image_store, originals={}.get
    ).make("tiny")
    old = Inspector.load(tiny_model)
    strict = old.with_calibration(old.card.calibration.with_rates(false_reject_rate=0.3))
    steps: list[tuple[int, int]] = []
    found = compare(data, old, strict, progress=lambda done, total: steps.append((done, total)))
    tested = [r for r in reviewed if r["label"] == "bad" or is_for_test(r["picture_sha256"])]
    assert {picture["id"] for picture in found["pictures"]} == {r["id"] for r in tested}
    assert found["count"] == len(tested) == len(steps)
    by_id = {picture["id"]: picture for picture in found["pictures"]}
    for each in tested:
        assert by_id[each["id"]]["old"] == {"score": pytest.approx(each["score"]), "verdict": each["verdict"]}
        assert by_id[each["id"]]["label"] == each["label"]
    assert found["old"] == {"image_auroc": 1.0, "false_rejects": 0, "missed": 0}
    assert found["new"]["false_rejects"] == sum(
        picture["new"]["verdict"] == "NG" for picture in found["pictures"] if picture["label"] == "good"
    )
    assert found["new"]["false_rejects"] > 0


def test_without_bad_pictures_there_is_no_auroc(
    station: Station, review: Review, tmp_path: Path, tiny_model: Path
):
    for level in range(30):
        review(level, "good")
    data = Datasets(
        tmp_path / "sets", store=station.store, image_store=station.image_store, originals={}.get
    ).make("tiny")
    inspector = Inspector.load(tiny_model)
    found = compare(data, inspector, inspector)
    assert found["count"] > 0
    assert found["old"]["image_auroc"] is None
