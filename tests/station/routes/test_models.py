from dataclasses import replace

import pytest

from flawflow.card import Card
from flawflow.inspect.proof import record_canaries
from flawflow.model_file import read_model, replace_card


def test_models(client, tiny_card):
    (model,) = client.get("/api/models").json()
    assert client.get("/api/models/tiny").json() == model
    assert (model["name"], model["version"], model["detector"]) == ("tiny", 0, "brightness")
    assert (model["size"], model["heat_scale"], model["problem"]) == ([32, 32], [0.25, 1.0], None)
    calibration = model["calibration"]
    assert (calibration["count"], calibration["guaranteed"]) == (99, True)
    assert calibration["ng_threshold"] == tiny_card.calibration.threshold().score
    assert "1 %" in calibration["sentence"]
    (version,) = model["versions"]
    assert (version["version"], version["active"], version["sha256"]) == (0, True, model["sha256"])


def test_a_model_tells_whether_it_proved_itself(client, station):
    old = client.get("/api/models/tiny").json()["proof"]
    assert (old["engine"], old["safe"], old["difference"]) == ("onnxruntime", False, None)
    assert "older than canaries" in old["sentence"]
    path = station.settings.models[0]
    canaries = record_canaries(read_model(path).graph, (32, 32))
    replace_card(path, path, replace(read_model(path).card, canaries=canaries))
    station.registry.refresh()
    new = client.get("/api/models/tiny").json()["proof"]
    assert (new["safe"], new["limit"]) == (False, 1e-4)
    assert 0 <= new["difference"] < 1e-5
    assert "computes the same" in new["sentence"]


def test_the_card_is_the_card(client, tiny_card):
    answer = client.get("/api/models/tiny/card")
    assert Card.from_json(answer.content) == tiny_card


def test_the_histogram(client, inspect, make_png, tiny_card):
    inspect(make_png(0))
    inspect(make_png(255))
    found = client.get("/api/models/tiny/histogram").json()
    assert tuple(found["good"]) == tiny_card.calibration.scores
    assert [each["verdict"] for each in found["recent"]] == ["NG", "OK"]
    assert found["ng_threshold"] >= found["review_threshold"]


def test_a_threshold_that_is_moved_says_its_rate_before_it_is_kept(client, tiny_card):
    place = "/api/models/tiny/rates"
    threshold = tiny_card.calibration.threshold(0.2).score
    tried = client.post(place, json={"ng_threshold": threshold, "dry": True}).json()["calibration"]
    assert tried["false_reject_rate"] == pytest.approx(0.2)
    assert tried["review_rate"] >= tried["false_reject_rate"]
    assert client.get("/api/models/tiny").json()["calibration"]["false_reject_rate"] == 0.01
    kept = client.post(place, json={"ng_threshold": threshold}).json()["calibration"]
    assert kept == tried == client.get("/api/models/tiny").json()["calibration"]


def test_other_rates_judge_the_next_picture(client, inspect, make_png):
    assert inspect(make_png(124))["verdict"] == "REVIEW"
    client.post("/api/models/tiny/rates", json={"false_reject_rate": 0.5, "review_rate": 0.5})
    assert inspect(make_png(124))["verdict"] == "NG"


@pytest.mark.parametrize(
    "body",
    [
        {"false_reject_rate": 0},
        {"false_reject_rate": 1},
        {"false_reject_rate": "x"},
        {"ng_threshold": 1e39},
        {"false_reject_rate": 0.2, "review_rate": 0.1},
        [],
    ],
)
def test_impossible_rates_are_refused(client, body):
    answer = client.post("/api/models/tiny/rates", json=body)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("name", ["other", "..", "%2e%2e%2ftiny", "tiny%00", "x" * 201])
def test_a_model_that_is_not_there(client, name):
    for path in ("", "/card", "/histogram"):
        assert client.get(f"/api/models/{name}{path}").status_code in (404, 422)
