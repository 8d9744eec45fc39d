import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from flawflow.server.db import Filters, InspectionRow, Store
from flawflow.server.db.statistics import Span, quarter_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def row(minutes: float, verdict: str, *, model: str = "part", source: str = "upload") -> InspectionRow:
    return InspectionRow(
        key=uuid.uuid4().hex,
        time=NOON + timedelta(minutes=minutes),
        model=model,
        model_sha256="0" * 64,
        name="a.png",
        source=source,
        score=0.5,
        p_value=0.5,
        verdict=verdict,
        regions=[],
        height=4,
        width=6,
        timings={},
        picture_sha256="f" * 64,
        heat_low=0.0,
        heat_high=1.0,
        has_picture=True,
        has_map=True,
        has_mask=False,
    )


def span(**changes) -> Span:
    return Span(**({"since": NOON, "until": NOON + timedelta(hours=2)} | changes))


@pytest.fixture
def filled(store: Store) -> Store:
    for batch in (
        [row(0, "OK"), row(14.9, "NG"), row(15, "OK")],
        [row(1, "OK"), row(16, "REVIEW", source="watch:/a"), row(300, "NG")],
        [row(2, "NG", model="other")],
    ):
        store.add([(each, b"map") for each in batch])
    return store


def told(counts) -> list[tuple]:
    return sorted((each.key, each.verdict, each.count) for each in counts)


def test_counts_by_quarters(filled: Store):
    quarter = NOON + timedelta(minutes=15)
    assert told(filled.statistics.over_time(span())) == [
        (NOON, "NG", 2),
        (NOON, "OK", 2),
        (quarter, "OK", 1),
        (quarter, "REVIEW", 1),
    ]


def test_counts_by_model_and_source(filled: Store):
    assert told(filled.statistics.by_model(span())) == [
        ("other", "NG", 1),
        ("part", "NG", 1),
        ("part", "OK", 3),
        ("part", "REVIEW", 1),
    ]
    assert told(filled.statistics.by_source(span(model="part"))) == [
        ("upload", "NG", 1),
        ("upload", "OK", 3),
        ("watch:/a", "REVIEW", 1),
    ]
    assert told(filled.statistics.by_model(span(source="watch:/a"))) == [("part", "REVIEW", 1)]


def test_what_was_reviewed(filled: Store):
    rows = {each.verdict: each.id for page in filled.walk(Filters()) for each in page if each.model == "part"}
    filled.set_label(rows["REVIEW"], "good")
    filled.set_label(rows["OK"], "skip")
    filled.set_label(rows["NG"], "bad")
    late = span(until=NOON + timedelta(days=1))
    assert filled.statistics.reviewed(late) == {("REVIEW", "good"): 1, ("NG", "bad"): 1}
    assert filled.statistics.reviewed(span()) == {("REVIEW", "good"): 1}
    assert filled.statistics.reviewed(span(model="other")) == {}


def test_nothing_is_counted_that_was_not_recorded(filled: Store):
    broken = row(3, "OK")
    broken.verdict = None
    with pytest.raises(Exception, match="verdict"):
        filled.add([(row(3, "OK"), b"map"), (broken, b"map")])
    filled.check()
    assert told(filled.statistics.over_time(span()))[1] == (NOON, "OK", 2)


def test_what_an_earlier_flawflow_recorded_is_counted_once(filled: Store):
    """The migration counts as recording does."""
    from importlib import import_module

    migration = import_module("flawflow.server.db.migrations.versions.0004_statistics")
    dialect = filled._engine.dialect.name
    start = migration._SQLITE if dialect == "sqlite" else migration._POSTGRESQL
    with filled.reading() as session:
        found = session.execute(text(f"SELECT {start}, verdict FROM inspections")).all()
    counted = Counter((str(time)[:19], verdict) for time, verdict in found)
    wide = filled.statistics.over_time(span(until=NOON + timedelta(days=1)))
    assert counted == Counter(
        {(each.key.strftime("%Y-%m-%d %H:%M:%S"), each.verdict): each.count for each in wide}
    )


def test_quarters():
    assert quarter_of(NOON - timedelta(microseconds=1)) == NOON - timedelta(minutes=15)
