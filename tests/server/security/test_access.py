import dataclasses

import pytest

from flawflow.server.db.audit import AuditFilters
from flawflow.server.security import sessions as sessions_module
from flawflow.server.security.access import COOKIE

PASSWORD = "a long enough phrase"
TOKEN = "correct-horse-battery"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def log(client) -> list[tuple[str, str, str]]:
    rows = client.app.state.station.store.audit.find(AuditFilters(), limit=200)
    return [(row.action, row.actor, row.subject) for row in rows if row.action.startswith("sign")]


def test_once_there_are_people_everybody_signs_in(client, quick):
    assert client.get("/api/models").status_code == 200
    client.app.state.station.people.add("anna", role="admin", password=PASSWORD)
    answer = client.get("/api/models")
    assert answer.status_code == 401
    assert answer.json()["ways"] == ["password"]
    assert client.get("/api/health").status_code == 200
    assert client.post("/api/login", json={"token": "anything at all"}).status_code == 403
    assert client.post("/api/login", json={"name": "anna"}).status_code == 422


def test_a_person_signs_in_and_out(peopled, sign_in):
    anna = sign_in("anna")
    me = anna.get("/api/me").json()
    assert (me["name"], me["role"], me["has_password"], me["ways"]) == ("anna", "admin", True, ["password"])
    secret = anna.cookies[COOKIE]
    anna.post("/api/logout")
    assert peopled.get("/api/me", headers={"cookie": f"{COOKIE}={secret}"}).status_code == 401
    assert log(peopled) == [("sign-out", "anna", "user/anna"), ("sign-in", "anna", "user/anna")]


def test_the_cookie_is_for_this_site_and_its_own_time(peopled):
    body = {"name": " Anna ", "password": PASSWORD}
    cookie = peopled.post("/api/login", json=body).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    other = peopled.post("/api/login", json=body, headers={"origin": "http://evil.example"})
    assert other.status_code == 403


def test_a_login_is_over_after_its_hours(make_client, settings, quick, monkeypatch):
    client = make_client(dataclasses.replace(settings, login_hours=2.0))
    station = client.app.state.station
    station.people.add("anna", role="admin", password=PASSWORD)
    assert client.post("/api/login", json={"name": "anna", "password": PASSWORD}).status_code == 204
    clock = station.sessions._clock
    for hours, status in ((1.9, 200), (2.1, 401)):
        monkeypatch.setattr(station.sessions, "_clock", lambda hours=hours: clock() + 3600 * hours)
        assert client.get("/api/models").status_code == status


@pytest.mark.parametrize("change", [{"password": "another long phrase"}, {"active": False}])
def test_logins_end_with_the_password_and_with_the_person(peopled, sign_in, change):
    emil = sign_in("emil")
    assert emil.get("/api/models").status_code == 200
    peopled.app.state.station.people.change("emil", **change)
    assert emil.get("/api/models").status_code == 401
    assert peopled.post("/api/login", json={"name": "emil", "password": PASSWORD}).status_code == 403


def test_a_role_counts_at_once(peopled, sign_in):
    rita = sign_in("rita")
    assert rita.get("/api/export").status_code == 200
    peopled.app.state.station.people.change("rita", role="operator")
    assert rita.get("/api/export").status_code == 403


def test_a_login_outlives_the_station(make_client, settings, peopled, sign_in):
    secret = sign_in("rita").cookies[COOKIE]
    peopled.__exit__(None, None, None)
    again = make_client(settings)
    answer = again.get("/api/me", headers={"cookie": f"{COOKIE}={secret}"})
    assert answer.json()["name"] == "rita"


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_guessing_a_password_is_slow_and_known_names_are_not_told_from_others(peopled, name):
    def guess(password: str = "not the password"):
        return peopled.post("/api/login", json={"name": name, "password": password})

    answers = [guess() for _ in range(8)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 3
    assert len({answer.json()["detail"] for answer in answers[:5]}) == 1
    assert int(answers[5].headers["retry-after"]) > 2
    # The right one is not looked at either, as whoever guesses would know by it.
    assert guess(PASSWORD).status_code == 429
    failed = [each for each in log(peopled) if each[0] == "sign-in.failed"]
    assert len(failed) == (5 if name == "anna" else 0)
    # Nobody else is in the way.
    assert peopled.post("/api/login", json={"name": "rita", "password": PASSWORD}).status_code == 204


def test_right_passwords_are_never_too_many(sign_in):
    for _ in range(8):
        sign_in("anna")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("olga", {"look", "inspect"}),
        ("rita", {"look", "inspect", "label", "export"}),
        ("emil", {"look", "inspect", "label", "export", "rates", "sources", "audit"}),
        ("anna", {"look", "inspect", "label", "export", "rates", "sources", "audit", "users"}),
    ],
)
def test_each_role_may_what_the_table_says(sign_in, make_png, name, allowed):
    client = sign_in(name)
    files = {"files": ("a.png", make_png())}
    asked = {
        "look": lambda: client.get("/api/inspections"),
        "inspect": lambda: client.post("/api/inspect", files=files),
        "label": lambda: client.put("/api/inspections/1/label", json={"label": "good"}),
        "export": lambda: client.get("/api/export"),
        "rates": lambda: client.post("/api/v1/models/tiny/rates", json={"review_rate": 0.2}),
        "sources": lambda: client.delete("/api/sources/9"),
        "audit": lambda: client.get("/api/audit"),
        "users": lambda: client.get("/api/users"),
    }
    answers = {what: ask() for what, ask in asked.items()}
    assert {what for what, answer in answers.items() if answer.status_code != 403} == allowed
    for what, answer in answers.items():
        if what not in allowed:
            assert name in answer.json()["detail"]


def test_a_program_comes_by_a_personal_token(peopled, sign_in):
    made = sign_in("emil").post("/api/tokens", json={"name": "PLC", "role": "operator"}).json()
    headers = bearer(made["token"])
    me = peopled.get("/api/me", headers=headers).json()
    assert (me["name"], me["role"]) == ("emil", "operator")
    assert peopled.get("/api/export", headers=headers).status_code == 403
    assert peopled.put("/api/me/password", json={"old": "", "new": ""}, headers=headers).status_code == 409
    peopled.app.state.station.people.revoke_token(made["id"], owner=None)
    assert peopled.get("/api/me", headers=headers).status_code == 401


def test_guessing_personal_tokens_is_slow_and_right_ones_never_wait(peopled, sign_in):
    token = sign_in("emil").post("/api/tokens", json={"name": "PLC"}).json()["token"]
    wrong = [peopled.get("/api/me", headers=bearer(f"flaw_{number}")).status_code for number in range(8)]
    assert wrong == [401] * 5 + [429] * 3
    assert peopled.get("/api/me", headers=bearer(token)).status_code == 200


def test_the_stations_token_opens_what_it_always_did(make_client, settings, quick):
    client = make_client(dataclasses.replace(settings, token=TOKEN))
    client.app.state.station.people.add("anna", role="admin", password=PASSWORD)
    assert client.get("/api/models").json()["ways"] == ["password", "token"]
    headers = bearer(TOKEN)
    assert client.post("/api/models/tiny/rates", json={"review_rate": 0.2}, headers=headers).is_success
    assert client.get("/api/users", headers=headers).status_code == 403
    me = client.get("/api/me", headers=headers).json()
    assert (me["name"], me["role"]) == (None, "engineer")
    assert client.post("/api/login", json={"token": TOKEN}).status_code == 204
    assert client.get("/api/me").json()["role"] == "engineer"
    (entry,) = client.app.state.station.store.audit.find(AuditFilters(action="rates"))
    assert (entry.actor, entry.address) == ("(token)", "127.0.0.1")


def test_a_file_of_an_earlier_flawflow_keeps_its_logins(tmp_path):
    file = tmp_path / "sessions.json"
    sessions = sessions_module.Sessions(file, TOKEN)
    secret = sessions.begin()
    ((mark, login),) = sessions._ends.items()
    file.write_text(f'{{"{mark}": {login.end}}}')
    assert sessions_module.Sessions(file, TOKEN).get(secret) is not None


def test_a_stream_of_events_ends_with_the_login(peopled, sign_in):
    access = peopled.app.state.station.access
    anna = sign_in("anna")
    token = anna.post("/api/tokens", json={"name": "PLC"}).json()
    by_login = access._by_login(anna.cookies[COOKIE])
    assert access.is_still(by_login)
    by_token = dataclasses.replace(by_login, secret=None, token=token["token"])
    assert access.is_still(by_token)
    peopled.app.state.station.people.revoke_token(token["id"], owner=None)
    assert not access.is_still(by_token)
    anna.post("/api/logout")
    assert not access.is_still(by_login)


def test_a_station_that_asks_for_names_needs_somebody(settings, make_client):
    with pytest.raises(Exception, match="flawflow users add NAME --role admin"):
        make_client(dataclasses.replace(settings, sign_in=True))
