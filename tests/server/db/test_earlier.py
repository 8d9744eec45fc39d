"""The record of a station of flawflow 0.1.0 is opened and says the same."""

import csv
import dataclasses
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.server.settings import Settings

STATION = "88125d33525d4edb833d34395da83cd9"


@pytest.fixture
def client(make_client: Callable[..., TestClient], settings: Settings) -> TestClient:
    settings.data.mkdir(mode=0o700)
    (settings.data / "station.id").write_text(f"{STATION}\n")
    with sqlite3.connect(settings.data / "station.db") as db:
        db.executescript((Path(__file__).parent / "earlier" / "station-0.1.0.sql").read_text("utf-8"))
    db.close()
    return make_client(dataclasses.replace(settings, keep_pictures="none"))


def test_its_inspections_are_records(client: TestClient):
    bad, good = client.get("/api/inspections").json()["inspections"]
    assert (good["id"], good["path"], good["verdict"], good["regions"]) == (1, "good part.png", "OK", [])
    assert (bad["id"], bad["score"], bad["p_value"], bad["label"]) == (2, 1.0, 0.01, "bad")
    assert bad["journal"] == good["journal"] == STATION
    assert bad["time"] == "2026-11-30T02:47:20.510245+00:00"
    assert bad["regions"] == [
        {
            "box": {"left": 10, "top": 10, "right": 30, "bottom": 20},
            "area": 196,
            "peak": 1.0,
            "centroid": {"x": 19.5, "y": 14.5},
        }
    ]
    assert bad["timings_ms"] == {"read": 0.493, "prepare": 0.15, "infer": 0.23, "judge": 0.634}
    assert client.get("/api/inspections/2/map").status_code == 200


def test_it_is_exported_and_goes_on(client: TestClient, inspect: Callable[..., dict], make_png):
    assert inspect(make_png())["id"] == 3
    text = client.get("/api/export?format=csv").text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["id"], row["path"], row["label"]) for row in rows] == [
        ("1", "good part.png", ""), ("2", "./=bad.png", "bad"), ("3", "part.png", ""),
    ]  # fmt: skip
    assert [row["largest_right"] for row in rows] == ["", "30", ""]


def test_its_labels_have_no_author_yet_and_get_one(client: TestClient):
    bad = client.get("/api/inspections/2").json()
    assert (bad["label"], bad["label_version"], bad["labelled_by"]) == ("bad", 0, None)
    changed = client.put("/api/inspections/2/label?version=0", json={"label": "good"}).json()
    assert (changed["label"], changed["label_version"], changed["labelled_by"]) == ("good", 1, "(anyone)")
    (change,) = client.get("/api/inspections/2/changes").json()
    assert (change["old"], change["new"], change["id"]) == ("bad", "good", 1)
