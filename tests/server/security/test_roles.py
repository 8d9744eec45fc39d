import itertools
import re
from pathlib import Path

import pytest

from flawflow.server.security import roles
from flawflow.server.security.pools import is_open
from flawflow.server.security.roles import RIGHTS, ROLES, has_right, right_of, rights_of, roles_table

DOCS = Path(__file__).parents[3] / "docs" / "people.md"


def _routes(client) -> set[tuple[str, str]]:
    paths = client.app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_whatever_changes_something_has_a_rule_of_its_own(client):
    """Without one it would be for admins alone, and nobody would have thought about it."""
    changing = {each for each in _routes(client) if each[0] not in ("GET", "HEAD")}
    assert len(changing) > 15
    forgotten = set()
    for method, path in changing:
        plain = re.sub(r"\{\w+\}", "part", path)
        ruled = any(method in methods and pattern.fullmatch(plain) for methods, pattern, _ in roles._COMPILED)
        if not ruled and not is_open(path):
            forgotten.add((method, path))
    assert forgotten == set()


def test_every_rule_is_of_a_route_that_there_is(client):
    def starred(path: str) -> str:
        return re.sub(r"\{\w+\}", "*", path)

    known = {(method, starred(path)) for method, path in _routes(client)}
    for methods, path, right in roles._RULES:
        assert right in {each.name for each in RIGHTS}
        for method in methods.split():
            if path == "/api/audit/*":
                continue
            assert (method, path) in known


def test_a_role_may_what_those_before_it_may():
    for low, high in itertools.pairwise(ROLES):
        assert set(rights_of(low)) < set(rights_of(high))
    assert set(rights_of("admin")) == {right.name for right in RIGHTS}


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/api/inspections", "look"),
        ("HEAD", "/api/export", "export"),
        ("GET", "/api/export/", "export"),
        ("GET", "/api/audit/export", "audit"),
        ("GET", "/api/inspections/7/changes", "look"),
        ("POST", "/api/models/part/rates", "rates"),
        ("POST", "/api/models/a/b/rates", "people"),
        ("PATCH", "/api/inspections", "people"),
        ("DELETE", "/", "people"),
    ],
)
def test_rights_of_requests(method: str, path: str, right: str):
    assert right_of(method, path) == right


def test_the_documentation_has_this_table():
    assert roles_table() in DOCS.read_text("utf-8")


def test_people_are_for_admins_alone():
    assert [role for role in ROLES if has_right(role, "people")] == ["admin"]
