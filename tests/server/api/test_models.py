from dataclasses import replace

import pytest

from flawflow.decision.calibration import Calibration
from flawflow.model_file import read_model, replace_card, write_model
from flawflow.model_file.card import Card
from flawflow.runtime.canary_check import record_canaries
from flawflow.server.settings import Settings


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


def test_a_cross_fitted_model_promises_by_its_own_pictures_alone(
    make_client, tiny_graph, tiny_card, tmp_path
):
    # 25 + 75 scores at 1 %: the own ones guarantee 1/26, whatever the others say.
    scores = tuple(step / 200 for step in range(100))
    own, others = scores[::4], tuple(score for score in scores if score not in scores[::4])
    cross_fitted = Calibration(own, 0.5, out_of_fold=others)
    write_model(tmp_path / "crossed.flaw", tiny_graph, replace(tiny_card, calibration=cross_fitted))
    client = make_client(Settings(models=(tmp_path / "crossed.flaw",), data=tmp_path / "data"))
    told = client.get("/api/models/crossed").json()["calibration"]
    assert (told["count"], told["own_count"], told["guaranteed"]) == (100, 25, False)
    assert told["ng"]["guaranteed_rate"] == 1 / 26
    assert told["ng"]["expected_rate"] == 1 / 101
    assert told["ng"]["confident_rate"] == pytest.approx(1 - 0.05 ** (1 / 25))
    assert "about 0.99 % (guaranteed: at most 3.8 %)" in told["ng"]["meaning"]
    assert told["guarantee"].startswith(
        "1 % cannot be guaranteed: it needs 99 good calibration pictures, and"
    )
    assert "there are 25 that its own training left out" in told["guarantee"]
    # A handle that is moved stands where it was put, and says what the own pictures say of it.
    attainable = client.get("/api/models/crossed/histogram").json()["attainable"]
    for score in attainable[-30:]:
        body = {"ng_threshold": score, "review_rate": 0.05, "moved": "ng", "dry": True}
        tried = client.post("/api/models/crossed/rates", json=body).json()["calibration"]
        assert tried["ng"]["score"] == tried["ng_threshold"] == score
        above = sum(one > score for one in own)
        assert tried["ng"]["guaranteed_rate"] >= (1 + above) / 26
        assert tried["review_rate"] >= tried["false_reject_rate"]


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
