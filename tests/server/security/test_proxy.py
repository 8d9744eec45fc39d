import dataclasses

import pytest

from flawflow.errors import FlawflowError

PASSWORD = "a long enough phrase"


@pytest.fixture
def behind(make_client, settings, quick):
    """A client that is a trusted proxy."""

    def make(**changes):
        given = {"proxies": ("127.0.0.0/8",), "user_header": "X-Remote-User", "group_header": "X-Groups"}
        client = make_client(dataclasses.replace(settings, **(given | changes)))
        client.app.state.station.people.add("anna", role="admin", password=None)
        client.app.state.station.people.add("olga", role="operator", password=None)
        client.app.state.station.people.change("olga", active=False)
        return client

    return make


def me(client, *headers):
    return client.get("/api/me", headers=list(headers))


def test_a_trusted_proxy_names_people(behind):
    answer = me(behind(), ("x-remote-user", " Anna "))
    assert (answer.json()["name"], answer.json()["role"]) == ("anna", "admin")


def test_without_its_header_one_signs_in(behind):
    client = behind()
    assert me(client).status_code == 401
    assert me(client, ("x-remote-user", "")).status_code == 401


@pytest.mark.parametrize("proxies", [("10.0.0.0/8",), ("127.0.0.2",), ("::1",)])
def test_nobody_else_names_people(behind, proxies):
    assert me(behind(proxies=proxies), ("x-remote-user", "anna")).status_code == 401


def test_a_header_that_came_twice_is_refused(behind):
    answer = me(behind(), ("x-remote-user", "anna"), ("x-remote-user", "olga"))
    assert (answer.status_code, "twice" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ("staff,flawflow-reviewer", "reviewer"),
        ("flawflow-operator; flawflow-engineer", "engineer"),
        ("admin", None),
        ("", None),
    ],
)
def test_groups_give_a_role_to_who_was_not_added(behind, groups, role):
    answer = me(behind(), ("x-remote-user", "carl"), ("x-groups", groups))
    assert answer.status_code == (403 if role is None else 200)
    if role is not None:
        assert (answer.json()["name"], answer.json()["role"]) == ("carl", role)


def test_groups_let_nobody_in_who_was_shut_out(behind):
    answer = me(behind(), ("x-remote-user", "olga"), ("x-groups", "flawflow-admin"))
    assert answer.status_code == 403


def test_groups_do_not_raise_who_was_added(behind):
    client = behind()
    client.app.state.station.people.add("rita", role="reviewer", password=None)
    answer = me(client, ("x-remote-user", "rita"), ("x-groups", "flawflow-admin"))
    assert answer.json()["role"] == "reviewer"


def test_who_has_no_password_here_cannot_sign_in_here(behind):
    answer = behind().post("/api/login", json={"name": "anna", "password": "nobody has this password"})
    assert answer.status_code == 403


def test_who_came_by_groups_has_no_tokens(behind):
    headers = {"x-remote-user": "carl", "x-groups": "flawflow-admin"}
    answer = behind().post("/api/tokens", json={"name": "PLC"}, headers=headers)
    assert answer.status_code == 409


def test_behind_tls_the_cookie_is_for_tls(behind):
    client = behind()
    client.app.state.station.people.add("emil", role="engineer", password=PASSWORD)
    body, headers = {"name": "emil", "password": PASSWORD}, {"x-forwarded-proto": "https"}
    assert "Secure" in client.post("/api/login", json=body, headers=headers).headers["set-cookie"]
    assert "Secure" not in client.post("/api/login", json=body).headers["set-cookie"]


def test_pages_of_other_sites_do_nothing_in_anybodys_name(behind):
    headers = {"x-remote-user": "anna", "sec-fetch-site": "cross-site"}
    answer = behind().post("/api/users", json={"name": "eve", "role": "admin"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"user_header": "X-User"},
        {"proxies": ("10.0.0.1",)},
        {"group_header": "X-Groups"},
        {"user_header": "X-User", "proxies": ("proxy.example",)},
        {"user_header": "X-User", "proxies": ("10.0.0.1/8",)},
    ],
)
def test_half_a_proxy_is_refused(settings, changes):
    with pytest.raises(FlawflowError, match="--proxy"):
        dataclasses.replace(settings, **changes)
