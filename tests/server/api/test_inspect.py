import base64
import dataclasses
import errno
import io
import threading

import numpy as np
import pytest
from PIL import Image
from sqlalchemy.exc import OperationalError

from flawflow.inspection.inspector import Inspector


def test_one_picture(client, make_png, tiny_model, station):
    content = make_png(spot=True)
    answer = client.post("/api/inspect", files={"files": ("part 7.png", content)})
    assert answer.status_code == 200
    (found,) = answer.json()["inspections"]
    wanted = Inspector.load(tiny_model).inspect(content)
    assert (found["score"], found["p_value"], found["verdict"]) == (wanted.score, wanted.p_value, "NG")
    assert list(found["regions"][0]["box"].values()) == list(wanted.regions[0].box)
    assert (found["path"], found["source"]) == ("part 7.png", "upload")
    assert (found["height"], found["width"]) == (40, 60)
    assert set(found["timings_ms"]) == {"read", "prepare", "infer", "judge"}
    assert found["overlay"] is None
    # Recorded, and the same as what is recorded.
    recorded = client.get(f"/api/inspections/{found['id']}").json()
    assert recorded | {"time": None} == found | {"time": None}


def test_many_pictures_come_in_order_with_failures_beside(client, make_png):
    contents = [make_png(10), b"text", make_png(200), make_png()[:70], make_png(30)]
    files = [("files", (f"{number}.png", content)) for number, content in enumerate(contents)]
    found = client.post("/api/inspect", files=files).json()["inspections"]
    assert [each["path"] for each in found] == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    assert [each["verdict"] for each in found] == ["OK", None, "NG", None, "OK"]
    assert [each["error"] is None for each in found] == [True, False, True, False, True]
    # Until 0.3.
    assert [each["name"] for each in found] == [each["path"] for each in found]
    for each in found[::2]:
        assert each["size"] == [each["height"], each["width"]]
        assert (each["timings"], each["picture_sha256"]) == (each["timings_ms"], each["sha256"])


@pytest.mark.parametrize(
    ("content", "status"), [(b"GIF89a" + bytes(99), 415), (b"", 415), (b"\x89PNG\r\n\x1a\n", 422)]
)
def test_a_single_picture_that_cannot_be_read_has_a_status(client, content, status):
    answer = client.post("/api/inspect", files={"files": ("a.png", content)})
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_an_overlay_is_drawn_where_it_is_asked_for(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, keep_pictures="none"))
    files = {"files": ("a.png", make_png(spot=True))}
    answer = client.post("/api/inspect", files=files, data={"overlay": "true", "model": "tiny"})
    (found,) = answer.json()["inspections"]
    kind, _, text = found["overlay"].partition(",")
    assert kind == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(text))).size == (60, 40)
    assert found["links"] == {"picture": None, "map": f"/api/inspections/{found['id']}/map", "overlay": None}


def test_overlays_of_one_answer_have_a_limit(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, max_pixels=2 * 40 * 60))
    files = [("files", (f"{number}.png", make_png(number))) for number in range(3)]
    found = client.post("/api/inspect", files=files, data={"overlay": "true"}).json()["inspections"]
    assert [each["overlay"] is None for each in found] == [False, False, True]
    assert client.get(found[2]["links"]["overlay"]).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"x"}, 415),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422),
        ({"json": {"paths": []}}, 422),
        ({"json": {"paths": [""]}}, 422),
        ({"json": [1]}, 422),
        ({"files": {"other": ("a.png", b"x")}}, 422),
        ({"data": {"files": "text"}, "files": {"x": b"y"}}, 422),
        ({"files": {"files": ("a.png", b"x")}, "data": {"overlay": "maybe"}}, 422),
        ({"files": {"files": ("a.png", b"x")}, "data": {"model": "other"}}, 404),
        ({"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=y"}}, 400),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
    ],
)
def test_a_request_that_makes_no_sense_is_told_so(client, arguments, status):
    answer = client.post("/api/inspect", **arguments)
    assert (answer.status_code, isinstance(answer.json()["detail"], str)) == (status, True), answer.text


def test_a_full_queue_is_503_at_once_and_recovers(make_client, settings, make_png, monkeypatch):
    client = make_client(dataclasses.replace(settings, max_waiting=2, workers=1))
    began, go, inspect = threading.Event(), threading.Event(), Inspector.inspect

    def wait(self, source, **options):
        began.set()
        assert go.wait(10)
        return inspect(self, source, **options)

    monkeypatch.setattr(Inspector, "inspect", wait)
    files = [("files", ("a.png", make_png()))] * 2
    answers = []
    first = threading.Thread(target=lambda: answers.append(client.post("/api/inspect", files=files)))
    first.start()
    assert began.wait(10)
    assert "flawflow_waiting_pictures 2.0" in client.get("/metrics").text
    refused = client.post("/api/inspect", files=files)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    go.set()
    first.join(10)
    assert answers[0].status_code == 200
    assert client.post("/api/inspect", files=files).status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("INSERT", {}, Exception("secret")), 503),
        (OSError(errno.ENOSPC, "No space left on device", "secret"), 503),
        (OSError(errno.EIO, "secret"), 500),
    ],
)
def test_what_cannot_be_recorded_may_be_sent_again(client, station, make_png, monkeypatch, error, status):
    def fail(_):
        raise error

    monkeypatch.setattr(station.store, "add", fail)
    answer = client.post("/api/inspect", files={"files": ("a.png", make_png())})
    assert (answer.status_code, "retry-after" in answer.headers) == (status, status == 503)
    assert "secret" not in answer.text
    monkeypatch.undo()
    assert client.post("/api/inspect", files={"files": ("a.png", make_png())}).status_code == 200


def test_each_answer_belongs_to_its_picture(client, make_png):
    levels = list(range(5, 255, 5))
    files = [("files", (str(level), make_png(level))) for level in levels]
    found = client.post("/api/inspect", files=files).json()["inspections"]
    for level, each in zip(levels, found, strict=True):
        assert each["name"] == str(level)
        assert each["score"] == pytest.approx(level / 255, abs=1e-5)
        picture = Image.open(io.BytesIO(client.get(each["links"]["picture"]).content))
        assert np.asarray(picture)[0, 0].tolist() == [level] * 3


def test_one_picture_too_large_is_413(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, max_picture_bytes=50))
    answer = client.post("/api/inspect", files={"files": ("a.png", make_png())})
    assert (answer.status_code, "50 bytes" in answer.json()["detail"]) == (413, True)


def test_one_picture_of_too_many_pixels_is_413(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, max_pixels=40 * 60 - 1))
    answer = client.post("/api/inspect", files={"files": ("a.png", make_png(size=(40, 60)))})
    assert answer.status_code == 413
    # Whoever sends pictures has no option of the reader, and the station's command has none either.
    assert answer.json()["detail"] == (
        "the picture has 60 × 40 pixels, more than the limit of 2,399: make it smaller."
    )
    assert client.post("/api/inspect", files={"files": ("a.png", make_png(size=(40, 59)))}).status_code == 200


def test_too_many_pictures_are_413(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, max_files=2))
    for count in (3, 30):
        files = [("files", ("a.png", make_png()))] * count
        assert client.post("/api/inspect", files=files).status_code == 413
    assert client.get("/api/inspections").json()["inspections"] == []


def post(client, contents, key):
    files = [("files", (f"{number}.png", content)) for number, content in enumerate(contents)]
    return client.post("/api/inspect", files=files, headers={"idempotency-key": key})


def test_a_request_that_is_sent_again_is_recorded_once(client, make_png):
    contents = [make_png(10), b"text", make_png(spot=True)]
    first, second = (post(client, contents, "line 7, part 3") for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert [each["verdict"] for each in first.json()["inspections"]] == ["OK", None, "NG"]
    assert len(client.get("/api/inspections").json()["inspections"]) == 2
    # Another key is another request, and so is none.
    post(client, contents[:1], "line 7, part 4")
    client.post("/api/inspect", files={"files": ("0.png", contents[0])})
    assert len(client.get("/api/inspections").json()["inspections"]) == 4


def test_a_key_outlives_a_restart(make_client, settings, make_png):
    first = make_client(settings)
    found = post(first, [make_png()], "k").json()
    first.__exit__(None, None, None)
    assert post(make_client(settings), [make_png()], "k").json() == found


def test_a_key_with_other_pictures_is_refused(client, make_png):
    post(client, [make_png(10)], "k")
    answer = post(client, [make_png(20)], "k")
    assert (answer.status_code, "other pictures" in answer.json()["detail"]) == (422, True)
    # One more picture than before is inspected, and the first is not again.
    assert len(post(client, [make_png(10), make_png(20)], "k").json()["inspections"]) == 2
    assert len(client.get("/api/inspections").json()["inspections"]) == 2
