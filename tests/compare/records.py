"""Records of runs that nobody made."""

from typing import Any

from flawflow.compare.record import RunRecord

_RECORD = RunRecord(
    key="0123",
    category="gears",
    preset="balanced",
    recipe={"detector": "padim", "size": (64, 64), "aggregation.tail": 0.0},
    seed=0,
    localises=True,
    image_auroc=0.5,
    image_auroc_interval=(0.4, 0.6),
    pixel_auroc=0.5,
    aupro=None,
    train_seconds=0.5,
    milliseconds=0.5,
    megabytes=0.5,
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
