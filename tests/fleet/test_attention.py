from dataclasses import replace

import pytest

from flawflow.fleet.attention import attention
from flawflow.fleet.record import KeptSuspect
from flawflow.metrics import AtThreshold, Evaluation

from .conftest import Trained

SUSPECT = KeptSuspect(path="a.png", reason="unlike the others", overlay="a.jpg")


def evaluation(**changes: object) -> Evaluation:
    """The measures of a model that is fine."""
    at = AtThreshold(
        threshold=0.5,
        stated_false_reject_rate=0.01,
        false_rejects=1,
        false_reject_rate=0.05,
        false_reject_interval=(0.001, 0.25),
        recall=0.9,
        recall_interval=(0.8, 0.95),
    )
    fine = Evaluation(
        image_count=40,
        defect_count=20,
        image_auroc=0.99,
        image_auroc_interval=(0.95, 1.0),
        image_average_precision=0.99,
        at_threshold=at,
        pixel_auroc=0.9,
        pixel_average_precision=0.5,
        aupro=0.8,
        aupro_005=0.4,
        auspro=None,
        segf1=0.4,
        oracle_segf1=0.5,
        pixel_error=0.0,
        per_defect={},
    )
    return replace(fine, **changes)  # type: ignore[arg-type]


def said(trained: Trained, *, record: dict[str, object] | None = None, **changes: object) -> str:
    """What is said of a product that is fine but for some changes."""
    status = trained.status()
    assert status.record is not None
    assert status.record.measures is not None
    measures = replace(status.record.measures, evaluation=evaluation(), error="")
    fine = replace(status.record, measures=measures)
    return " ".join(attention(replace(status, record=replace(fine, **(record or {})), **changes)))  # type: ignore[arg-type]


def measured(trained: Trained, **changes: object) -> str:
    status = trained.status()
    assert status.record is not None
    assert status.record.measures is not None
    measures = replace(status.record.measures, evaluation=evaluation(**changes), error="")
    return said(trained, record={"measures": measures})


def test_nothing_is_said_where_all_is_well(trained: Trained):
    assert said(trained) == ""


def test_labelled_pictures_are_not_needed(trained: Trained):
    assert said(trained, record={"measures": None}) == ""


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            {"suspects": (SUSPECT,)},
            "1 training picture may be defective (used all the same): look at the overlays.",
        ),
        ({"suspects": (SUSPECT,) * 2, "excluded": True}, "2 training pictures may be defective (left out"),
        ({"left_out": ("a.png is empty", "b")}, "2 training pictures could not be read: a.png is empty"),
    ],
)
def test_what_a_training_found(trained: Trained, record: dict[str, object], words: str):
    assert words in said(trained, record=record)


def test_a_failure_is_all_that_counts(trained: Trained):
    assert said(trained, error="no space", record={"suspects": (SUSPECT,)}) == "Failed: no space"
    missing = replace(trained.status(), record=None, reason="other pictures")
    assert attention(missing) == ("To be trained (other pictures): run the command again.",)


def test_changes_since_are_said(trained: Trained):
    assert "calibrated, adapted or replaced" in said(trained, changed_file=True)
    assert "changed since it was measured" in said(trained, to_measure=True)


def test_what_labelled_pictures_speak_against_is_said(trained: Trained):
    at = evaluation().at_threshold
    assert at is not None
    often = replace(at, false_reject_rate=0.2, false_reject_interval=(0.011, 0.5))
    assert "20 % of the good test pictures are NG" in measured(trained, at_threshold=often)
    assert "(image AUROC 70.0, where 50 is chance)" in measured(
        trained, image_auroc=0.7, image_auroc_interval=(0.5, 0.9)
    )
    assert "1 test file could not be used: b.png" in measured(trained, left_out=("b.png",))


def test_a_measurement_that_failed_is_said(trained: Trained):
    assert attention(trained.status()) == ("It could not be measured: none",)
