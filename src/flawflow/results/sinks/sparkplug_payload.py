"""Payloads of Sparkplug B: the protobuf message of the Eclipse Sparkplug specification 3.0, chapter 6."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from flawflow.model_file.protobuf import ProtobufError, delimited, double, fields, integer

REBIRTH = "Node Control/Rebirth"
"""The metric by which a host asks for all births again."""

BDSEQ = "bdSeq"
"""The metric that says which death belongs to which birth."""


class Kind(IntEnum):
    """Data types of metrics, as far as they are used, by their numbers in Sparkplug."""

    INT32 = 3
    INT64 = 4
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12


@dataclass(frozen=True)
class Metric:
    """A named value, or a value alone where a birth has said which alias has which name.

    Attributes:
        value: Of the kind; None for "no value". Whole numbers are 0 or more.
        kind: Its type.
        name: None in data.
        alias: None where the metric has none.
        is_historical: Whether a newer value is known already.
    """

    value: float | str | None
    kind: Kind
    name: str | None = None
    alias: int | None = None
    is_historical: bool = False


def payload(metrics: Iterable[Metric], *, seq: int | None = None, at: int | None = None) -> bytes:
    """Serialise a message that is sent now.

    Args:
        metrics: What it says.
        seq: The message's number of the session, modulo 256; None for a death.
        at: When the values were so, in milliseconds since 1970 in UTC; None for now.
    """
    now = now_milliseconds()
    parts = [integer(1, now)]
    parts += [delimited(2, _metric(metric, now if at is None else at)) for metric in metrics]
    if seq is not None:
        parts.append(integer(3, seq))
    return b"".join(parts)


def _metric(metric: Metric, milliseconds: int) -> bytes:
    parts = []
    if metric.name is not None:
        parts.append(delimited(1, metric.name.encode()))
    if metric.alias is not None:
        parts.append(integer(2, metric.alias))
    parts += [integer(3, milliseconds), integer(4, metric.kind)]
    if metric.is_historical:
        parts.append(integer(5, 1))
    return b"".join([*parts, _value(metric)])


def _value(metric: Metric) -> bytes:
    if metric.value is None:
        return integer(7, 1)
    if isinstance(metric.value, str):
        return delimited(15, metric.value.encode())
    if metric.kind is Kind.DOUBLE:
        return double(13, metric.value)
    field = {Kind.INT32: 10, Kind.INT64: 11, Kind.BOOLEAN: 14}[metric.kind]
    return integer(field, int(metric.value))


def asks_for_rebirth(content: bytes) -> bool:
    """Whether a command asks for all births again; what is no payload asks for nothing."""
    try:
        return any(
            field.number == 2 and isinstance(field.value, memoryview) and _is_rebirth(field.value)
            for field in fields(memoryview(content))
        )
    except ProtobufError:
        return False


def _is_rebirth(metric: memoryview) -> bool:
    found = {field.number: field.value for field in fields(metric)}
    name = found.get(1)
    return isinstance(name, memoryview) and bytes(name) == REBIRTH.encode() and found.get(14) == 1


def now_milliseconds() -> int:
    """The time for payloads."""
    return time.time_ns() // 1_000_000


def node_topic(parts: Sequence[str], message: str) -> str:
    """Give the topic of a message of a group and node, and perhaps device.

    >>> node_topic(("plant", "line 1", "gear"), "DDATA")
    'spBv1.0/plant/DDATA/line 1/gear'
    """
    group, *rest = parts
    return "/".join(("spBv1.0", group, message, *rest))
