import pytest


@pytest.fixture
def filled(client, inspect, make_png):
    inspect(make_png())
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/static/app.js",
        "/api/version",
        "/api/inspections",
        "/api/inspections/1/picture",
        "/api/inspections/1/map",
        "/api/v1/statistics",
        "/api/export?format=csv",
        "/docs",
    ],
)
def test_head_is_get_without_a_body(filled, path):
    whole, head = filled.get(path), filled.head(path)
    assert head.status_code == whole.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-length", "etag", "content-security-policy"):
        assert head.headers.get(name) == whole.headers.get(name)


@pytest.mark.parametrize(("path", "status"), [("/api/inspections/9", 404), ("/api/inspect", 405)])
def test_what_is_not_there_has_no_head_either(filled, path, status):
    head = filled.head(path)
    assert (head.status_code, head.content) == (status, b"")


def test_the_head_of_events_ends(filled):
    head = filled.head("/api/events")
    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")
