import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor

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


def test_two_reviewers_do_not_overwrite_each_other(sign_in, make_png):
    rita, emil = sign_in("rita"), sign_in("emil")
    rita.post("/api/inspect", files={"files": ("a.png", make_png())})
    place = "/api/inspections/1/label"
    first = rita.put(f"{place}?version=0", json={"label": "good"}).json()
    assert (first["label_version"], first["labelled_by"]) == (1, "rita")
    late = emil.put(f"{place}?version=0", json={"label": "bad"})
    assert late.status_code == 409
    assert late.json()["detail"] == "rita has changed this meanwhile: it is labelled as good"
    assert (late.json()["current"]["label"], late.json()["current"]["label_version"]) == ("good", 1)
    # Who says the same is in nobody's way, and changes nothing.
    assert emil.put(f"{place}?version=0", json={"label": "good"}).json()["labelled_by"] == "rita"
    assert emil.delete(f"{place}?version=0").status_code == 409
    assert emil.put(f"{place}?version=1", json={"label": "bad"}).json()["label_version"] == 2
    told = emil.get("/api/inspections/1/changes").json()
    assert [(each["actor"], each["action"], each["old"], each["new"]) for each in told] == [
        ("rita", "label", None, "good"),
        ("emil", "label", "good", "bad"),
    ]
    assert emil.get("/api/inspections/9/changes").status_code == 404


def test_a_mask_is_not_overwritten_either(client, station, inspect, make_png):
    number = inspect(make_png())["id"]
    drawn = put_mask(client, number, mask()).json()
    before = station.image_store.mask(station.store.get(number).key).read_bytes()
    assert drawn["label_version"] == 1
    whole = mask()[:-1] + mask()[-1:]
    headers = {"content-type": "image/png"}
    place = f"/api/inspections/{number}/mask?version="
    late = client.put(f"{place}0", content=whole, headers=headers)
    assert late.status_code == 409
    assert "with a mask" in late.json()["detail"]
    assert client.delete(f"{place}0").status_code == 409
    assert station.image_store.mask(station.store.get(number).key).read_bytes() == before
    assert client.put(f"{place}1", content=whole, headers=headers).json()["label_version"] == 2
    assert client.delete(f"{place}2").json()["label_version"] == 3


def test_without_a_version_the_last_word_counts(client, inspect, make_png):
    place = f"/api/inspections/{inspect(make_png())['id']}/label"
    for label in ("good", "bad", "good"):
        assert client.put(place, json={"label": label}).json()["label"] == label


def test_one_of_many_at_a_time_wins(client, inspect, make_png):
    place = f"/api/inspections/{inspect(make_png())['id']}/label?version=0"

    def say(label):
        return client.put(place, json={"label": label}).status_code

    with ThreadPoolExecutor(3) as pool:
        statuses = list(pool.map(say, ("good", "bad", "skip")))
    assert sorted(statuses) == [200, 409, 409]
