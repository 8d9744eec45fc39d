import pytest


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/static/index.html", "/api/models", "/api/inspections/999", "/nowhere"]
)
def test_every_answer_binds_the_browser(client, path):
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_refusals_and_errors_too(client, monkeypatch):
    assert "content-security-policy" in client.get("/", headers={"host": "evil.example"}).headers

    def fail(*_, **__):
        raise RuntimeError("inside")

    monkeypatch.setattr(client.app.state.station.store, "find", fail)
    answer = client.get("/api/inspections")
    assert answer.status_code == 500
    assert "inside" not in answer.text
    assert "content-security-policy" in answer.headers


def test_answers_are_not_stored(client, inspect, make_png):
    number = inspect(make_png())["id"]
    assert client.get("/api/inspections").headers["cache-control"] == "no-store"
    for kind in ("picture", "map", "overlay"):
        assert "no-cache" in client.get(f"/api/inspections/{number}/{kind}").headers["cache-control"]
