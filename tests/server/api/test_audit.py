import csv
import dataclasses
import hashlib
import io
import json

import pytest

from flawflow.server.api.audit import ACTIONS


def entries(client, query=""):
    return client.get(f"/api/audit{query}").json()["entries"]


@pytest.fixture
def busy(sign_in, make_png):
    """A client of an engineer who has done a few things."""
    emil = sign_in("emil")
    emil.post("/api/inspect", files={"files": ("a.png", make_png())})
    emil.put("/api/inspections/1/label", json={"label": "good"})
    emil.post("/api/models/tiny/rates", json={"false_reject_rate": 0.02, "review_rate": 0.1})
    emil.post("/api/models/tiny/rates", json={"review_rate": 0.3, "dry": True})
    emil.get("/api/export?verdict=NG")
    return emil


def test_who_did_what_with_old_and_new(busy):
    export, rates, label, signed = entries(busy)[:4]
    assert [each["action"] for each in (export, rates, label, signed)] == [
        "export",
        "rates",
        "label",
        "sign-in",
    ]
    assert {each["actor"] for each in (export, rates, label, signed)} == {"emil"}
    assert (label["subject"], label["old"], label["new"]) == ("inspection/1", None, "good")
    assert rates["subject"] == "model/tiny"
    assert rates["new"] == {"false_reject_rate": 0.02, "review_rate": 0.1}
    assert rates["old"]["review_rate"] != 0.1
    assert export["new"] == {"format": "csv", "verdict": "NG"}
    assert all(each["address"] == "127.0.0.1" for each in (export, rates, label, signed))


def test_filters_and_pages(busy):
    assert [each["action"] for each in entries(busy, "?actor=emil&action=label")] == ["label"]
    assert entries(busy, "?until=2020-01-01T00:00:00Z") == []
    assert entries(busy, "?actor=%00") == []
    first = busy.get("/api/audit?limit=2").json()
    rest = entries(busy, f"?limit=200&before={first['next']}")
    assert [each["id"] for each in first["entries"] + rest] == list(range(first["entries"][0]["id"], 0, -1))
    assert busy.get("/api/audit?limit=200").json()["next"] is None


def test_what_an_export_says_can_be_checked_without_flawflow(busy):
    lines = busy.get("/api/audit/export?format=jsonl").text.splitlines()
    previous = "0" * 64
    for line in lines:
        entry = json.loads(line)
        values = [entry[name] for name in ("id", "time", "actor", "address", "action", "subject")]
        values += [None if entry[name] is None else json.dumps(entry[name]) for name in ("old", "new")]
        assert entry["previous"] == previous
        previous = hashlib.sha256(json.dumps([*values, previous]).encode()).hexdigest()
        assert entry["digest"] == previous
    # The export is in the log, too, and in itself.
    assert json.loads(lines[-1])["action"] == "audit.export"
    assert busy.get("/api/audit/check").json() == {"count": len(lines), "broken": None, "last": previous}


def test_as_csv(busy):
    answer = busy.get("/api/audit/export?action=rates")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (row["actor"], json.loads(row["new"])["review_rate"]) == ("emil", 0.1)


def test_tampering_shows(busy, peopled):
    store = peopled.app.state.station.store
    with store.writing.begin() as session:
        connection = session.connection()
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("UPDATE audit SET actor = 'rita' WHERE action = 'label'")
    assert busy.get("/api/audit/check").json()["broken"] == entries(busy, "?action=label")[0]["id"]


def test_sources_models_and_data_sets_are_in_it(client, station, settings, inspect, make_png):
    folder = settings.allow[0] / "line"
    folder.mkdir()
    source = client.post("/api/sources", json={"kind": "folder", "address": str(folder)}).json()
    client.delete(f"/api/sources/{source['id']}")
    for level in (10, 20, 30, 40):
        number = inspect(make_png(level))["id"]
        client.put(f"/api/inspections/{number}/label", json={"label": "good"})
    assert client.post("/api/datasets", json={"model": "tiny"}).is_success
    station.registry.add_version("tiny", settings.models[0])
    client.post("/api/models/tiny/switch", json={"version": 1})
    client.post("/api/models/tiny/rollback")
    told = [
        (each["action"], each["old"], each["new"]) for each in entries(client) if each["action"] != "label"
    ]
    assert told == [
        ("rollback", 1, 0),
        ("switch", 0, 1),
        ("dataset.add", None, {"model": "tiny"}),
        ("source.remove", source["address"], None),
        ("source.add", None, {key: source[key] for key in ("kind", "address", "model", "interval")}),
    ]
    assert {each["actor"] for each in entries(client)} == {"(anyone)"}


def test_every_kind_is_named(busy):
    assert {each["action"] for each in entries(busy)} <= set(ACTIONS)
    assert busy.get("/api/audit").json()["actions"] == list(ACTIONS)


def test_who_may_not_read_it(sign_in):
    for name in ("olga", "rita"):
        for path in ("/api/audit", "/api/audit/export", "/api/audit/check", "/api/v1/audit"):
            assert sign_in(name).get(path).status_code == 403


def test_what_is_refused_is_not_in_it(make_client, settings):
    client = make_client(dataclasses.replace(settings, token="correct-horse-battery"))
    client.put("/api/inspections/1/label", json={"label": "good"})
    headers = {"authorization": "Bearer correct-horse-battery"}
    client.put("/api/inspections/1/label", json={"label": "good"}, headers=headers)
    client.post("/api/models/tiny/rates", json={"review_rate": 7}, headers=headers)
    assert client.get("/api/audit", headers=headers).json()["entries"] == []
