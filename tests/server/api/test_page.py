import re

import pytest


def test_the_page_needs_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"(src|href)=.(https?:)?//", page.text)


def test_the_documentation_names_every_route(client):
    text = client.get("/docs").text
    assert "/api/inspect" in text
    assert "<td>Health" not in text, "each route says what it does"
    assert "<script" not in text


def test_the_documentation_shows_every_schema_and_field(client):
    text, described = client.get("/docs").text, client.get("/openapi.json").json()
    schemas = described["components"]["schemas"]
    assert len(schemas) > 20
    for name, schema in schemas.items():
        assert f'id="{name}"' in text
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in text
    for linked in re.findall(r'href="#([^"]+)"', text):
        assert linked in schemas
    assert "Idempotency-Key" in text


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "....//app.py", "/etc/passwd", "..\\app.py", "%00"]
)
def test_nothing_but_the_page_is_served(client, path):
    assert client.get(f"/static/{path}").status_code == 404
