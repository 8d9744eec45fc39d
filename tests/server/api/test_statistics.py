import csv
import dataclasses
import io

import pytest

from flawflow.errors import FlawflowError


@pytest.fixture
def filled(client, inspect, make_png):
    for level in (10, 20, 30):
        inspect(make_png(level))
    rejected = [inspect(make_png(spot=True))["id"] for _ in range(2)]
    client.put(f"/api/inspections/{rejected[0]}/label", json={"label": "good"})
    client.put(f"/api/inspections/{rejected[1]}/label", json={"label": "bad"})
    return client


def test_what_the_line_did(filled):
    told = filled.get("/api/v1/statistics").json()
    assert told["counts"] == {"name": None, "ok": 3, "review": 0, "ng": 2}
    assert sum(point["ok"] + point["ng"] for point in told["points"]) == 5
    assert told["models"] == [{"name": "tiny", "ok": 3, "review": 0, "ng": 2}]
    assert told["sources"] == [{"name": "upload", "ok": 3, "review": 0, "ng": 2}]
    assert told["centre"] == pytest.approx(0.4)
    assert told["reviewed"] == [
        {"verdict": "NG", "label": "bad", "count": 1},
        {"verdict": "NG", "label": "good", "count": 1},
    ]
    assert told["false_rejects"]["rate"] == pytest.approx(1 / (1 + 3))
    assert told["agreement"]["count"] == 2


def test_where_regions_lie(filled):
    (places,) = filled.get("/api/statistics").json()["places"]
    assert (places["model"], places["total"]) == ("tiny", sum(count for _, count in places["cells"]))
    assert places["total"] == sum(row["count"] for row in places["sizes"]) == 2
    assert places["thirds"][-1]["cumulative"] == 1
    assert filled.get(places["picture"]).headers["content-type"].startswith("image/")
    page = filled.get("/api/report")
    assert "data:image/" in page.text
    assert "'sha256-" in page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]


def test_nothing_elsewhere_and_earlier(filled):
    for query in ("model=other", "source=watch", "until=2020-01-01T00:00:00Z", "model=%00"):
        told = filled.get(f"/api/statistics?{query}").json()
        assert (told["points"], told["counts"]["ok"], told["false_rejects"]) == ([], 0, None)


@pytest.mark.parametrize(
    "query",
    [
        "by=minute",
        "since=2026-01-02&until=2026-01-01",
        "since=2000-01-01T00:00:00Z",
        "until=0001-01-01T00:00:00Z",
        "until=9999-12-31T23:59:59-23:00",
    ],
)
def test_what_cannot_be_asked(client, query):
    assert client.get(f"/api/statistics?{query}").status_code == 422


def test_the_report_is_a_page_and_a_table(filled):
    page = filled.get("/api/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "False reject rate: 25 %" in page.text
    table = filled.get("/api/report?format=csv&by=day")
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert sum(int(row["ng"]) for row in rows) == 2
    assert {row["beyond"] for row in rows} == {"false"}
    assert "No picture was inspected" in filled.get("/api/report?model=other").text


def test_names_from_outside_are_no_markup(filled):
    text = filled.get("/api/report", params={"model": "<b>x</b>"}).text
    assert "<b>x" not in text
    assert "&lt;b&gt;x" in text


@pytest.mark.parametrize("shift", ["6", "06:10", "25:00", "06:00:30", ""])
def test_shifts_begin_at_quarters(settings, shift):
    with pytest.raises(FlawflowError, match="--shift"):
        dataclasses.replace(settings, shifts=(shift,))
