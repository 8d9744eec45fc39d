"""Records of runs that nobody made."""

from typing import Any

from flawflow.compare.record import RunRecord

_RECORD = RunRecord(
    key="0123",
    category="gears",
    preset="balanced",
    recipe={"detector": "padim", "size": (64, 64), "aggregation.tail": 0.0},
    seed=0,
    size=(256, 256),
    localises=True,
    image_auroc=0.5,
    image_auroc_interval=(0.4, 0.6),
    at_threshold=None,
    pixel_auroc=0.5,
    pixel_average_precision=None,
    aupro=None,
    aupro_005=None,
    auspro=None,
    segf1=None,
    oracle_segf1=None,
    image_auroc_by_kind={"scratch": 0.5},
    train_seconds=0.5,
    milliseconds=0.5,
    megabytes=0.5,
    parameters=5,
    train_pictures=9,
    test_pictures=4,
    left_out=(),
    machine="a machine",
    device="cpu",
    packages={"torch": "2"},
)


def make_record(**changes: Any) -> RunRecord:
    """A record with some values."""
    from dataclasses import replace

    return replace(_RECORD, **changes)
