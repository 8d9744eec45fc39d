"""`/api/v1/…` is `/api/…`, with the same guards before it."""

import dataclasses

TOKEN = "0123456789abcdef"


def test_every_operation_has_a_versioned_address(settings, make_client, make_png):
    client = make_client(settings)
    made = client.post("/api/v1/inspect", files={"files": ("a.png", make_png(spot=True))})
    assert made.status_code == 200, made.text
    found = client.get("/api/v1/inspections/1").json()
    assert found == client.get("/api/inspections/1").json()
    assert found["verdict"] == "NG"
    assert client.get("/api/v1/version").json() == client.get("/api/version").json()
    assert client.get(found["links"]["picture"]).status_code == 200


def test_what_is_not_under_api_is_not_versioned(settings, make_client):
    client = make_client(settings)
    for path in ("/api/v1", "/api/v1/", "/api/v2/version", "/api/v1/v1/version", "/v1/version"):
        assert client.get(path).status_code == 404, path


def test_versioned_address_is_guarded_by_the_token(settings, make_client):
    client = make_client(dataclasses.replace(settings, token=TOKEN))
    for path in ("/api/v1/models", "/api/v1/../models", "/api/v1/%2e%2e/models", "/api/v1//models"):
        assert client.get(path).status_code in (401, 404), path
    assert client.get("/api/v1/models").status_code == 401
    assert client.get("/api/v1/health").status_code == 200
    assert client.get("/api/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_versioned_uploads_have_the_room_of_uploads(settings, make_client, make_png):
    client = make_client(dataclasses.replace(settings, max_picture_bytes=4_000_000))
    # More than what any other request may carry.
    large = make_png() + bytes(2_000_000)
    assert client.post("/api/v1/inspect", files={"files": ("a.png", large)}).status_code == 200
