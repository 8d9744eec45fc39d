"""The tiny model's score is a picture's brightness: a dimmer lamp is found, and adapted to."""

import dataclasses
import io
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from flawflow.inspection import Inspector
from flawflow.inspection.calibrate import Measurement, drift_baseline
from flawflow.inspection.light import measure_light
from flawflow.model_file import read_model, write_model
from flawflow.model_file.card import Card
from flawflow.server.settings import Settings


def part(rng: np.random.Generator, *, gain: float = 1.0, spot: int = 110) -> np.ndarray:
    levels = np.full((32, 32, 3), (60.0, 70.0, 80.0))
    levels[8:24, 8:24] = (90, 85, 80)
    levels[12:20, 12:20] = spot
    levels = np.clip(levels + rng.normal(0, 3, levels.shape), 0, 255)
    return np.clip(np.rint(levels * gain), 0, 255).astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def client(
    make_client: Callable[..., TestClient],
    settings: Settings,
    tiny_graph: bytes,
    tiny_card: Card,
    rng: np.random.Generator,
) -> TestClient:
    """A station whose model knows the light of its training, and how its calibration's pictures looked."""
    good = [part(rng) for _ in range(90)]
    write_model(settings.models[0], tiny_graph, tiny_card)
    plain = Inspector.load(settings.models[0])
    measured = [
        Measurement.of(settings.models[0], picture, plain.measure(picture), plain.roi_mask)
        for picture in good[30:]
    ]
    scores = tuple(sorted(each.score for each in measured))
    card = dataclasses.replace(
        tiny_card,
        calibration=dataclasses.replace(tiny_card.calibration, scores=scores),
        light=measure_light(good[:30]),
        drift=drift_baseline(measured),
    )
    write_model(settings.models[0], tiny_graph, card)
    return make_client(settings)


def send(client: TestClient, picture: np.ndarray) -> dict:
    answer = client.post("/api/inspect", files={"files": ("part.png", png(picture), "image/png")})
    return answer.json()["inspections"][0]


def ended(client: TestClient, number: int) -> dict:
    for _ in range(600):
        job = client.get(f"/api/jobs/{number}").json()
        if job["state"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def drifted(client: TestClient, rng: np.random.Generator) -> None:
    for _ in range(60):
        send(client, part(rng, gain=0.8))


def test_where_nothing_has_changed_nothing_is_offered(client: TestClient, rng: np.random.Generator):
    for _ in range(20):
        send(client, part(rng))
    assert client.get("/api/models/tiny/adaptation").json() is None
    refused = client.post("/api/models/tiny/adaptation")
    assert refused.status_code == 409
    assert "no change" in refused.json()["detail"]


def test_a_model_is_adapted_compared_switched_and_rolled_back(client: TestClient, rng: np.random.Generator):
    before = send(client, part(rng, gain=0.8))
    client.put(f"/api/inspections/{before['id']}/label", json={"label": "good"})
    drifted(client, rng)
    offer = client.get("/api/models/tiny/adaptation").json()
    # What was labelled before the change was certain does not count.
    assert (offer["good"], offer["least"], offer["most"], offer["obstacle"]) == (0, 8, 30, None)
    few = client.post("/api/models/tiny/adaptation")
    assert few.status_code == 409
    assert "there are 0" in few.json()["detail"]
    good = [send(client, part(rng, gain=0.8))["id"] for _ in range(40)]
    for number in good:
        client.put(f"/api/inspections/{number}/label", json={"label": "good"})
    bad = send(client, part(rng, gain=0.8, spot=250))
    client.put(f"/api/inspections/{bad['id']}/label", json={"label": "bad"})
    assert client.get("/api/models/tiny/adaptation").json()["good"] == 30

    started = client.post("/api/models/tiny/adaptation").json()
    assert (started["kind"], started["dataset"], started["command"]) == ("adapt", None, None)
    job = ended(client, started["id"])
    assert job["error"] is None
    compared = job["result"]["comparison"]
    pictures = {each["id"]: each for each in compared["pictures"]}
    # The newest thirty, and the bad one.
    assert sorted(pictures) == [*good[-30:], bad["id"]]
    assert all(each["new"]["score"] > each["old"]["score"] for each in pictures.values())
    assert compared["new"]["image_auroc"] == 1.0

    version = job["result"]["version"]
    shown = client.get("/api/models/tiny").json()
    assert shown["version"] == 0
    switched = client.post("/api/models/tiny/switch", json={"version": version}).json()
    assert switched["version"] == version
    rates = ("false_reject_rate", "review_rate")
    assert [switched["calibration"][name] for name in rates] == [shown["calibration"][name] for name in rates]
    card = read_model(client.app.state.station.registry.version_path("tiny", version)).card
    assert card.adaptation is not None
    # No picture that fitted the correction calibrates it.
    assert (card.adaptation.fitted_by, card.adaptation.calibrated_by) == (15, 15)
    assert len(card.calibration.scores) == 15
    # The adapted model's pictures are compared from the start.
    assert client.get("/api/models/tiny/adaptation").json() is None
    assert client.post("/api/models/tiny/rollback").json()["version"] == 0
    told = {entry["action"]: entry for entry in client.get("/api/audit").json()["entries"]}
    assert told["job.start"]["new"] == {
        "kind": "adapt",
        "model": "tiny",
        "version": 0,
        "good": good[-30:][::-1],
    }
    assert {"switch", "rollback"} <= told.keys()


def test_a_model_that_does_not_know_its_light_says_so(
    make_client: Callable[..., TestClient], settings: Settings, rng: np.random.Generator, client: TestClient
):
    drifted(client, rng)
    station = client.app.state.station
    model = station.registry.get("tiny")
    station.registry._models["tiny"] = dataclasses.replace(
        model, card=dataclasses.replace(model.card, light=None)
    )
    assert "train it again" in client.get("/api/models/tiny/adaptation").json()["obstacle"]
    refused = client.post("/api/models/tiny/adaptation")
    assert refused.status_code == 409
    assert "cannot be adapted" in refused.json()["detail"]
