import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

from flawflow.server.security import failed_logins
from flawflow.server.security.access import COOKIE
from flawflow.server.security.gate import host_check
from flawflow.server.settings import Settings

TOKEN = "correct-horse-battery"


@pytest.fixture
def guarded(make_client, settings):
    return make_client(dataclasses.replace(settings, token=TOKEN))


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def refused(client, reason):
    text = client.app.state.station.metrics.registry.get_sample_value(
        "flawflow_refused_total", {"reason": reason}
    )
    return int(text or 0)


@pytest.mark.parametrize(
    "path", ["/api/models", "/api/inspections", "/metrics", "/docs", "/openapi.json", "/api/ready"]
)
@pytest.mark.parametrize(
    "headers", [{}, bearer("wrong" * 4), bearer(""), {"authorization": f"Basic {TOKEN}"}]
)
def test_nothing_is_said_without_the_token(guarded, path, headers):
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["/api/../api/models", "//api/models", "/static/../api/models", "/API/v"])
def test_no_way_around_the_token(guarded, path):
    assert guarded.get(path).status_code in (401, 404)


def test_the_token_opens(guarded):
    assert guarded.get("/api/models", headers=bearer(TOKEN)).status_code == 200


def test_the_page_asks_for_the_token_and_gets_a_cookie(guarded):
    assert guarded.get("/").status_code == 200
    assert guarded.get("/api/health").status_code == 200
    assert guarded.post("/api/login", json={"token": "wrong" * 4}).status_code == 403
    answer = guarded.post("/api/login", json={"token": TOKEN})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/api/models").status_code == 200
    guarded.post("/api/logout")
    assert guarded.get("/api/models").status_code == 401


@pytest.mark.parametrize("value", ["", TOKEN, "x" * 43, "x" * 64, "\xff"])
def test_a_made_up_cookie_opens_nothing(guarded, value):
    answer = guarded.get("/api/models", headers={"cookie": f"{COOKIE}={value}".encode("latin-1")})
    assert answer.status_code == 401


def test_every_login_is_another_and_ends_alone(guarded):
    secrets = []
    for _ in range(2):
        guarded.cookies.clear()
        assert guarded.post("/api/login", json={"token": TOKEN}).status_code == 204
        secrets.append(guarded.cookies[COOKIE])
    one, two = secrets
    assert one != two
    guarded.cookies.clear()

    def status(secret, path="/api/models"):
        return guarded.get(path, headers={"cookie": f"{COOKIE}={secret}"}).status_code

    assert (status(one), status(two)) == (200, 200)
    assert guarded.post("/api/logout", headers={"cookie": f"{COOKIE}={one}"}).status_code == 204
    # Not only the browser has forgotten it: whoever copied it is out as well.
    assert (status(one), status(two)) == (401, 200)


def test_a_login_outlives_the_station_and_ends_with_its_token(make_client, settings, guarded):
    guarded.post("/api/login", json={"token": TOKEN})
    cookie = {"cookie": f"{COOKIE}={guarded.cookies[COOKIE]}"}
    guarded.__exit__(None, None, None)
    for token, status in ((TOKEN, 200), ("another token here", 401), (TOKEN, 200)):
        client = make_client(dataclasses.replace(settings, token=token))
        assert client.get("/api/models", headers=cookie).status_code == status
        client.__exit__(None, None, None)


def guess(client, way, number):
    wrong = f"guess number {number:05}"
    if way == "login":
        return client.post("/api/login", json={"token": wrong})
    return client.get("/api/models", headers=bearer(wrong))


@pytest.mark.parametrize(("way", "status"), [("login", 403), ("bearer", 401)])
def test_guessing_is_slow(guarded, way, status):
    answers = [guess(guarded, way, number) for number in range(8)]
    assert [answer.status_code for answer in answers] == [status] * 5 + [429] * 3
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers[5:])
    # Whoever knows the token is let in, from the same address too.
    assert guarded.get("/api/models", headers=bearer(TOKEN)).status_code == 200
    assert guarded.post("/api/login", json={"token": TOKEN}).status_code == 204


def test_guesses_at_a_time_are_no_more_of_them(guarded):
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda number: guess(guarded, "bearer", number).status_code, range(40)))
    assert answers.count(401) == 5
    assert answers.count(429) == 35
    # What would have had to wait for long was not looked at, so that the right one is among them unseen.
    waiting = guarded.app.state.station.access._tokens._guesses.wait("127.0.0.1")
    assert waiting <= failed_logins._MAX_WAIT_SECONDS + 1 / failed_logins._TRIES_PER_SECOND


def test_an_address_that_showed_the_token_never_waits(guarded):
    assert guarded.get("/api/models", headers=bearer(TOKEN)).status_code == 200
    for number in range(20):
        assert guess(guarded, "bearer", number).status_code == 401
    assert guarded.get("/api/models", headers=bearer(TOKEN)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8471"},
        {"origin": "http://127.0.0.1.evil.example:8470"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8470"},
    ],
)
def test_pages_of_other_sites_change_nothing(client, make_png, inspect, headers):
    number = inspect(make_png())["id"]
    requests = [
        client.post("/api/inspect", files={"files": ("a.png", make_png())}, headers=headers),
        client.put(f"/api/inspections/{number}/label", json={"label": "good"}, headers=headers),
        client.delete(f"/api/inspections/{number}/label", headers=headers),
        client.post("/api/models/tiny/rates", json={"false_reject_rate": 0.5}, headers=headers),
        client.post("/api/login", json={"token": "x"}, headers=headers),
    ]
    assert [answer.status_code for answer in requests] == [403] * 5
    assert client.get("/api/inspections").json()["counts"] == {"OK": 1, "REVIEW": 0, "NG": 0}
    assert refused(client, "origin") == 5


@pytest.mark.parametrize(
    "headers", [{"origin": "http://127.0.0.1:8470"}, {"sec-fetch-site": "same-origin"}, {}]
)
def test_the_own_page_and_programs_may(client, make_png, headers):
    answer = client.post("/api/inspect", files={"files": ("a.png", make_png())}, headers=headers)
    assert answer.status_code == 200


HOSTS = [
    "evil.example",
    "evil.example:8470",
    "127.0.0.1:8471",
    "127.0.0.1:8470@evil.example",
    "",
    "[::1",
    "localhost:x",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/api/models", "/api/inspections/1/picture", "/static/index.html"])
def test_a_foreign_name_that_leads_here_is_refused(client, host, path):
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost:8470", "127.0.0.1:8470", "[::1]:8470", "LOCALHOST:8470"])
def test_own_names_are_taken(client, host):
    assert client.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("bound", "host", "known"),
    [
        ("0.0.0.0", "192.168.1.5:8470", True),
        ("0.0.0.0", "[fe80::1]:8470", True),
        ("0.0.0.0", "evil.example:8470", False),
        ("192.168.1.5", "192.168.1.5:8470", True),
        ("192.168.1.5", "192.168.1.6:8470", False),
        ("line7.factory", "LINE7.factory:8470", True),
        ("line7.factory", "line7.factory", False),
    ],
)
def test_names_of_a_station_in_the_network(tiny_model, bound, host, known):
    assert host_check(Settings(models=(tiny_model,), host=bound, token=TOKEN))(host) is known


def test_a_name_without_a_port_means_that_of_its_scheme(tiny_model):
    for port, certificate in ((80, None), (443, tiny_model)):
        settings = Settings(models=(tiny_model,), port=port, certificate=certificate, key=certificate)
        assert host_check(settings)("127.0.0.1")
        other = dataclasses.replace(settings, port=523 - port)
        assert not host_check(other)("127.0.0.1")
