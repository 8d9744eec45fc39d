import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from flawflow.server.actor import ACTOR, Actor
from flawflow.server.db import Store
from flawflow.server.db.audit import FIRST, AuditFilters, append


@pytest.fixture
def filled(store: Store) -> Store:
    before = ACTOR.set(Actor("anna", "10.0.0.7"))
    store.audit.add("label", "inspection/7", old=None, new="good")
    store.audit.add("rates", "model/part", old={"review_rate": 0.05}, new={"review_rate": 0.1})
    ACTOR.set(Actor("ben"))
    store.audit.add("label", "inspection/7", old="good", new="bad")
    ACTOR.reset(before)
    return store


def test_entries_follow_each_other(filled: Store):
    newest, middle, first = filled.audit.find(AuditFilters())
    assert [each.id for each in (first, middle, newest)] == [1, 2, 3]
    assert (first.actor, first.address, first.old, first.new) == ("anna", "10.0.0.7", None, '"good"')
    assert (first.previous, middle.previous, newest.previous) == (FIRST, first.digest, middle.digest)
    found = filled.audit.check()
    assert (found.count, found.broken, found.last) == (3, None, newest.digest)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (AuditFilters(actor="anna"), [2, 1]),
        (AuditFilters(action="label"), [3, 1]),
        (AuditFilters(subject="model/part"), [2]),
        (AuditFilters(since=datetime.now(UTC) + timedelta(days=1)), []),
        (AuditFilters(until=datetime.now(UTC) + timedelta(days=1), actor="ben"), [3]),
    ],
)
def test_filters(filled: Store, filters: AuditFilters, ids: list[int]):
    assert [each.id for each in filled.audit.find(filters)] == ids
    assert [each.id for page in filled.audit.walk(filters) for each in page] == ids[::-1]


def test_pages(filled: Store):
    assert [each.id for each in filled.audit.find(AuditFilters(), before=3, limit=1)] == [2]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'nobody' WHERE id = 1", "DELETE FROM audit WHERE id = 3", "DELETE FROM audit"],
)
def test_the_database_refuses_to_change_it(filled: Store, statement: str):
    with pytest.raises(DBAPIError, match="only appended"), filled.writing.begin() as session:
        session.execute(text(statement))
    assert filled.audit.check().count == 3


def test_postgresql_refuses_to_empty_it(filled: Store):
    if filled._engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="only appended"), filled.writing.begin() as session:
        session.execute(text("TRUNCATE audit"))


def _unguard(store: Store) -> None:
    """What somebody with all rights of the database can do."""
    with store.writing.begin() as session:
        if store._engine.dialect.name == "postgresql":
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            return
        for verb in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER audit_no_{verb}"))


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET new = '\"bad\"' WHERE id = 1", 1),
        ("UPDATE audit SET actor = 'ben' WHERE id = 2", 2),
        ("UPDATE audit SET time = '2026-01-01 00:00:00' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("UPDATE audit SET digest = previous WHERE id = 2", 2),
    ],
)
def test_tampering_is_found(filled: Store, statement: str, broken: int):
    _unguard(filled)
    with filled.writing.begin() as session:
        session.execute(text(statement))
    assert filled.audit.check().broken == broken


def test_what_is_taken_off_the_end_shows_by_the_last_digest(filled: Store):
    last = filled.audit.check().last
    _unguard(filled)
    with filled.writing.begin() as session:
        session.execute(text("DELETE FROM audit WHERE id = 3"))
    found = filled.audit.check()
    assert (found.broken, found.count) == (None, 2)
    assert found.last != last


def test_an_entry_goes_with_what_it_tells_of(filled: Store):
    def broken_off() -> None:
        with filled.writing.begin() as session:
            append(session, "rates", "model/part")
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        broken_off()
    assert filled.audit.check().count == 3


def test_many_at_a_time_make_one_chain(filled: Store):
    def add() -> None:
        for _ in range(10):
            filled.audit.add("label", "inspection/1", new="good")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = filled.audit.check()
    assert (found.count, found.broken) == (43, None)
