import dataclasses

from flawflow.server.security import limits
from flawflow.server.security.limits import Bucket


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
    monkeypatch.setattr(limits, "_MAX_CLIENTS", 10)
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
