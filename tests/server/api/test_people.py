import pytest

PASSWORD = "a long enough phrase"
OTHER = "another long phrase"


def test_an_admin_looks_after_people(sign_in, peopled):
    anna = sign_in("anna")
    made = anna.post("/api/users", json={"name": "Carl", "role": "reviewer", "password": PASSWORD}).json()
    assert (made["name"], made["role"], made["active"], made["has_password"]) == (
        "carl",
        "reviewer",
        True,
        True,
    )
    assert [user["name"] for user in anna.get("/api/users").json()] == [
        "anna",
        "carl",
        "emil",
        "olga",
        "rita",
    ]
    changed = anna.put("/api/users/carl", json={"role": "engineer", "active": False}).json()
    assert (changed["role"], changed["active"]) == ("engineer", False)
    assert peopled.post("/api/login", json={"name": "carl", "password": PASSWORD}).status_code == 403
    assert "password" not in str(anna.get("/api/users").json()).replace("has_password", "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "emil", "role": "admin", "password": PASSWORD}, 409),
        ({"name": "carl", "role": "king", "password": PASSWORD}, 422),
        ({"name": "carl", "role": "admin", "password": "short"}, 422),
        ({"name": "(token)", "role": "admin"}, 422),
    ],
)
def test_who_is_not_added(sign_in, body, status):
    assert sign_in("anna").post("/api/users", json=body).status_code == status


def test_what_is_not_changed(sign_in):
    anna = sign_in("anna")
    assert anna.put("/api/users/anna", json={"role": "operator"}).status_code == 409
    assert anna.put("/api/users/nobody", json={"role": "operator"}).status_code == 404
    assert anna.put("/api/users/emil", json={"password": "short"}).status_code == 422


def test_ones_own_password(sign_in, peopled):
    rita = sign_in("rita")
    assert rita.put("/api/me/password", json={"old": OTHER, "new": OTHER}).status_code == 403
    assert rita.put("/api/me/password", json={"old": PASSWORD, "new": "rita is short"}).status_code == 422
    assert rita.put("/api/me/password", json={"old": PASSWORD, "new": OTHER}).status_code == 204
    assert rita.get("/api/me").status_code == 401
    assert sign_in("rita", OTHER).get("/api/me").status_code == 200
    assert peopled.post("/api/login", json={"name": "rita", "password": PASSWORD}).status_code == 403


def test_tokens_are_ones_own(sign_in, peopled):
    rita, emil, anna = map(sign_in, ("rita", "emil", "anna"))
    made = rita.post("/api/tokens", json={"name": " PLC ", "role": "engineer", "days": None}).json()
    assert (made["owner"], made["name"], made["role"], made["expires"]) == ("rita", "PLC", "reviewer", None)
    assert made["token"].startswith("flaw_")
    (shown,) = rita.get("/api/tokens").json()
    assert "token" not in shown
    assert emil.get("/api/tokens").json() == []
    assert emil.get("/api/tokens?everybody=true").status_code == 403
    assert emil.delete(f"/api/tokens/{made['id']}").status_code == 403
    assert [each["owner"] for each in anna.get("/api/tokens?everybody=true").json()] == ["rita"]
    assert anna.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert rita.get("/api/tokens").json()[0]["revoked"] is not None


def test_where_nobody_signs_in(client):
    me = client.get("/api/me").json()
    assert (me["name"], me["ways"], "people" in me["rights"]) == (None, [], False)
    assert client.post("/api/users", json={"name": "eve", "role": "admin"}).status_code == 403
    answer = client.post("/api/tokens", json={"name": "PLC"})
    assert answer.status_code == 409
    assert "flawflow users add" in answer.json()["detail"]


def test_roles_are_told_as_the_table_has_them(client):
    told = {right["name"]: right["roles"] for right in client.get("/api/roles").json()}
    assert told["review"] == ["reviewer", "engineer", "admin"]
    assert told["people"] == ["admin"]
