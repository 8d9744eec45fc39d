from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from flawflow.server.db import Store
from flawflow.server.db.audit import AuditFilters
from flawflow.server.db.people import PeopleTables
from flawflow.server.errors import ConflictError, NotFoundError, RefusedError, ValueRefusedError
from flawflow.server.security.people import TOKEN_PREFIX, People

PASSWORD = "a long enough phrase"

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    is_file = request.param == "sqlite"
    store = Store(f"sqlite:///{tmp_path / 'station.db'}" if is_file else request.getfixturevalue("postgres"))
    yield store
    store.close()


@pytest.fixture
def people(store: Store) -> People:
    found = People(PeopleTables(store.reading, store.writing))
    found.add("anna", role="admin", password=PASSWORD)
    found.add("olga", role="operator", password=PASSWORD)
    return found


def actions(store: Store) -> list[tuple[str, str]]:
    return [(row.action, row.subject) for row in reversed(store.audit.find(AuditFilters()))]


def test_who_was_added_is_there_for_others_too(store: Store, people: People):
    other = People(PeopleTables(store.reading, store.writing))
    assert [(user.name, user.role, user.active) for user in other.all()] == [
        ("anna", "admin", True),
        ("olga", "operator", True),
    ]
    assert actions(store) == [("user.add", "user/anna"), ("user.add", "user/olga")]
    with store.reading() as session:
        kept = session.execute(text("SELECT password FROM users")).scalars().all()
    assert all(each.startswith("$argon2id$") for each in kept)


@pytest.mark.parametrize("name", ["", "Anna", "a b", "(token)", "-a", "a" * 65, "a/b", "ä", "a\n"])
def test_what_is_no_name(people: People, name: str):
    with pytest.raises(ValueRefusedError, match="not a name"):
        people.add(name, role="operator", password=PASSWORD)


def test_a_name_is_there_once(people: People):
    with pytest.raises(ConflictError, match="another name"):
        people.add("anna", role="operator", password=PASSWORD)


def test_changes_stand_in_the_log(store: Store, people: People):
    people.change("olga", role="reviewer", active=False, password="another long phrase")
    assert people.get("olga") is None
    assert people.is_known("olga")
    (user,) = [user for user in people.all() if user.name == "olga"]
    assert (user.role, user.active) == ("reviewer", False)
    rows = store.audit.find(AuditFilters(subject="user/olga"))
    assert [(row.action, row.old, row.new) for row in rows[:3]] == [
        ("user.password", None, None),
        ("user.active", "true", "false"),
        ("user.role", '"operator"', '"reviewer"'),
    ]
    count = store.audit.check().count
    people.change("olga", role="reviewer", active=False)
    assert store.audit.check().count == count
    with pytest.raises(NotFoundError):
        people.change("nobody", role="admin")


@pytest.mark.parametrize("change", [{"role": "engineer"}, {"active": False}])
def test_the_last_admin_stays(people: People, change: dict):
    with pytest.raises(ConflictError, match="last admin"):
        people.change("anna", **change)
    assert people.get("anna") is not None
    people.change("olga", role="admin")
    people.change("anna", **change)


def test_a_token_is_shown_once_and_kept_as_a_digest(store: Store, people: People):
    row, token = people.add_token("olga", "the line's PLC", role="operator", expires=None)
    assert token.startswith(TOKEN_PREFIX)
    with store.reading() as session:
        kept = str(session.execute(text("SELECT * FROM tokens")).all())
        kept += str(session.execute(text("SELECT * FROM audit")).all())
    assert token not in kept
    assert token.removeprefix(TOKEN_PREFIX) not in kept
    assert people.by_token(token) == ("olga", "operator")
    assert people.by_token(token + "x") is None
    assert [(each.name, owner) for each, owner in people.tokens(None)] == [("the line's PLC", "olga")]
    assert people.tokens("anna") == []
    assert row.id == people.tokens("olga")[0][0].id


def test_a_token_ends(people: People):
    now = datetime.now(UTC)
    _, over = people.add_token("olga", "a", role="operator", expires=now - timedelta(seconds=1))
    row, token = people.add_token("olga", "b", role="operator", expires=now + timedelta(days=1))
    assert people.by_token(over) is None
    with pytest.raises(RefusedError):
        people.revoke_token(row.id, owner="anna")
    assert people.by_token(token) is not None
    people.revoke_token(row.id, owner="olga")
    people.revoke_token(row.id, owner=None)
    assert people.by_token(token) is None
    with pytest.raises(NotFoundError):
        people.revoke_token(99, owner=None)


def test_a_token_may_no_more_than_its_owner(people: People):
    _, token = people.add_token("anna", "a", role="engineer", expires=None)
    assert people.by_token(token) == ("anna", "engineer")
    people.change("olga", role="admin")
    people.change("anna", role="reviewer")
    assert people.by_token(token) == ("anna", "reviewer")
    people.change("anna", active=False)
    assert people.by_token(token) is None


def test_what_another_program_changes_is_seen(store: Store, people: People, monkeypatch):
    other = People(PeopleTables(store.reading, store.writing))
    other.change("olga", active=False)
    assert people.get("olga") is not None
    people.refresh()
    assert people.get("olga") is None

    def away() -> None:
        raise OperationalError("", None, Exception("away"))

    monkeypatch.setattr(people.tables, "all", away)
    people.refresh()
    assert people.get("anna") is not None
