import asyncio
import dataclasses

import pytest

from flawflow.station.meters import Meters
from flawflow.station.safety import limits
from flawflow.station.safety.limits import BodyLimit, Bucket
from flawflow.station.settings import Settings


@pytest.fixture
def limit(tiny_model):
    """A body limit of 1 MiB + 1,000 bytes around an application that reads everything."""
    settings = Settings(models=(tiny_model,), max_waiting_bytes=1000)

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return BodyLimit(app, settings=settings, meters=Meters())


def send_chunks(limit, chunks, *, headers=(), path="/api/inspect", method="POST"):
    """Send a body in pieces; gives (status, pieces that were read)."""
    pieces = iter(chunks)
    read, sent = [], []

    async def receive():
        piece = next(pieces)
        read.append(piece)
        if isinstance(piece, float):
            await asyncio.sleep(piece)
        return {"type": "http.request", "body": bytes(piece), "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers), "query_string": b""}
    asyncio.run(limit(scope, receive, send))
    return sent[0]["status"], len(read)


def test_bytes_are_counted_while_they_come(limit):
    status, read = send_chunks(limit, [1 << 16] * 1000)
    assert (status, read) == (413, 17)


def test_a_length_that_says_too_much_is_not_read_at_all(limit):
    assert send_chunks(limit, [], headers=[(b"content-length", b"99999999")]) == (413, 0)


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"0x10", b"9" * 5000, "²".encode("latin-1")])
def test_a_length_that_is_none_is_refused(limit, length):
    assert send_chunks(limit, [], headers=[(b"content-length", length)]) == (413, 0)


def test_a_length_that_says_too_little_does_not_help(limit):
    status, _ = send_chunks(limit, [1 << 20] * 3, headers=[(b"content-length", b"10")])
    assert status == 413


def test_other_requests_have_a_smaller_limit(limit):
    assert send_chunks(limit, [1 << 20, 1, 1], path="/api/models/a/rates") == (413, 2)


def test_a_body_that_does_not_come_is_not_waited_for(limit, monkeypatch):
    monkeypatch.setattr(limits, "_SECONDS_BETWEEN_CHUNKS", 0.01)
    assert send_chunks(limit, [10, 0.09]) == (408, 2)


def test_all_uploads_together_have_a_limit(limit):
    limit._bytes = limit._most_bytes - 5
    assert send_chunks(limit, [3, 3]) == (503, 2)
    assert limit._bytes == limit._most_bytes - 5


def test_there_is_a_limit_of_uploads_at_a_time(limit, monkeypatch):
    monkeypatch.setattr(limits, "_MOST_UPLOADS", 0)
    assert send_chunks(limit, [10]) == (503, 0)
    monkeypatch.setattr(limits, "_MOST_UPLOADS", 1)
    for _ in range(3):
        assert send_chunks(limit, [1 << 20] * 3)[0] == 413


def test_a_bucket_fills_evenly():
    now = [0.0]
    bucket = Bucket(2.0, burst=3, clock=lambda: now[0])
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.take("b") == 0
    now[0] = 0.5
    assert [bucket.take("a"), bucket.take("a")] == [0, 0.5]
    now[0] = 100.0
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_buckets_of_many_clients_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(limits, "_MOST_CLIENTS", 10)
    bucket = Bucket(1.0, burst=1)
    for number in range(100):
        bucket.take(str(number))
    assert len(bucket._state) == 10


def test_too_many_requests_are_told_when_to_come_back(make_client, settings):
    client = make_client(dataclasses.replace(settings, rate=1.0))
    answers = [client.get("/api/health") for _ in range(5)]
    assert [answer.status_code for answer in answers][:2] == [200, 200]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "1"


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
