"""Records as metrics of Sparkplug B."""

import json
from datetime import datetime

from flawflow.decision.verdict_code import Code, code_of
from flawflow.results.record import Record
from flawflow.results.sinks.sparkplug_payload import Kind, Metric, now_milliseconds

METRICS = (
    ("Inspection/Id", Kind.INT64),
    ("Inspection/Verdict", Kind.STRING),
    ("Inspection/Code", Kind.INT32),
    ("Inspection/Score", Kind.DOUBLE),
    ("Inspection/P Value", Kind.DOUBLE),
    ("Inspection/Regions", Kind.INT32),
    ("Inspection/Path", Kind.STRING),
    ("Inspection/Source", Kind.STRING),
    ("Inspection/Error", Kind.STRING),
    ("Inspection/Record", Kind.STRING),
    ("Model/SHA-256", Kind.STRING),
)
"""The fields of a record that a device has, by name and type."""

_NO_MODEL = "none"


def metrics_of(
    record: Record | None, *, first_alias: int, is_named: bool = False, is_historical: bool = False
) -> list[Metric]:
    """Give the metrics of a device.

    Args:
        record: Its last one; None where there is none yet, and no value.
        first_alias: Of the first metric; the others follow.
        is_named: Whether they carry their names, as in a birth.
        is_historical: Whether a newer record is known already.
    """
    values: tuple[float | str | None, ...] = (None,) * len(METRICS)
    if record is not None:
        values = (
            record.id,
            record.verdict,
            int(Code.FAILED if record.verdict is None else code_of(record.verdict)),
            record.score,
            record.p_value,
            None if record.regions is None else len(record.regions),
            record.path,
            record.source,
            record.error,
            json.dumps(record.to_dict(), allow_nan=False),
            record.model_sha256,
        )
    return [
        Metric(value, kind, name if is_named else None, first_alias + index, is_historical)
        for index, (value, (name, kind)) in enumerate(zip(values, METRICS, strict=True))
    ]


def device_of(record: Record) -> str:
    """Give the device of a record: the model's name as a part of a topic."""
    return "".join("_" if each in "+#/" else each for each in record.model or _NO_MODEL)


def milliseconds_of(record: Record) -> int:
    """Give when a record's verdict was given, since 1970 in UTC."""
    if record.time is None:
        return now_milliseconds()
    return round(1000 * datetime.fromisoformat(record.time).timestamp())
