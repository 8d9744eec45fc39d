import dataclasses
import io

import numpy as np
import pytest
from PIL import Image


def mask(size=(40, 60), **options):
    levels = np.zeros(size, np.uint8)
    levels[10:20, 10:30] = 1
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, options.get("format", "PNG"))
    return stream.getvalue()


def put_mask(client, number, content, kind="image/png"):
    return client.put(f"/api/inspections/{number}/mask", content=content, headers={"content-type": kind})


def test_labels_come_and_go(client, inspect, make_png):
    place = f"/api/inspections/{inspect(make_png())['id']}/label"
    for label in ("good", "bad", "skip"):
        assert client.put(place, json={"label": label}).json()["label"] == label
    assert client.get("/api/inspections?label=skip").json()["counts"]["OK"] == 1
    assert client.delete(place).json()["label"] is None
    assert client.delete(place).json()["label"] is None
    assert client.put(place, json={"label": "fine"}).status_code == 422
    assert client.put("/api/inspections/99/label", json={"label": "good"}).status_code == 404


def test_the_queue_is_what_waits(client, inspect, make_png):
    # The model's thresholds for 1 % and 5 % lie at levels of about 0.5 and 0.48.
    client.post("/api/models/tiny/rates", json={"false_reject_rate": 0.01, "review_rate": 0.9})
    one, two = (inspect(make_png(level))["id"] for level in (100, 110))
    inspect(make_png(0))
    assert [each["id"] for each in client.get("/api/review/queue").json()] == [one, two]
    client.put(f"/api/inspections/{one}/label", json={"label": "good"})
    assert [each["id"] for each in client.get("/api/review/queue?model=tiny&limit=5").json()] == [two]
    assert client.get("/api/review/queue?model=other").json() == []


def test_the_nearest_to_the_threshold_are_offered(client, inspect, make_png):
    far, near = inspect(make_png(0))["id"], inspect(make_png(110))["id"]
    assert client.get("/api/review/queue").json() == []
    assert [each["id"] for each in client.get("/api/review/nearest").json()] == [near, far]
    assert [each["id"] for each in client.get("/api/review/nearest?limit=1&model=tiny").json()] == [near]
    client.put(f"/api/inspections/{near}/label", json={"label": "good"})
    assert [each["id"] for each in client.get("/api/review/nearest").json()] == [far]
    assert client.get("/api/review/nearest?model=other").status_code == 404


def test_masks_are_encoded_anew(client, inspect, make_png):
    number = inspect(make_png())["id"]
    assert put_mask(client, number, mask()).json()["has_mask"] is True
    answer = client.get(f"/api/inspections/{number}/mask")
    levels = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert (levels.shape, np.unique(levels).tolist(), int((levels > 0).sum())) == ((40, 60), [0, 255], 200)
    assert client.delete(f"/api/inspections/{number}/mask").json()["has_mask"] is False
    assert client.get(f"/api/inspections/{number}/mask").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (mask((40, 61)), "image/png", 422),
        (mask((4000, 6000)), "image/png", 422),
        (mask()[:60], "image/png", 422),
        (b"", "image/png", 422),
        (mask(format="BMP"), "image/png", 422),
        (mask(), "image/jpeg", 415),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(client, inspect, make_png, content, kind, status):
    number = inspect(make_png())["id"]
    assert put_mask(client, number, content, kind).status_code == status
    assert client.get(f"/api/inspections/{number}").json()["has_mask"] is False


def test_a_mask_of_nothing(client):
    assert put_mask(client, 1, mask()).status_code == 404


def test_a_mask_of_a_picture_that_is_not_kept(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, keep_pictures="none"))
    answer = client.post("/api/inspect", files={"files": ("a.png", make_png())}).json()
    (inspection,) = answer["inspections"]
    refused = put_mask(client, inspection["id"], mask())
    assert refused.status_code == 409
    assert "is not kept" in refused.text
    assert client.get(f"/api/inspections/{inspection['id']}").json()["has_mask"] is False
