import dataclasses
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from flawflow.errors import SinkError
from flawflow.results.sinks import webhook
from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result, Sink
from flawflow.server.settings import Settings
from flawflow.server.sinks import RecordOutbox, open_sinks
from flawflow.server.station import Station

Post = Callable[[TestClient, str], dict]


class Receiver(Sink):
    """A webhook that answers as it is told, then takes everything."""

    name = "webhook=http://line/"

    def __init__(self) -> None:
        self.answers: list[Exception] = []
        self.got: list[Result] = []
        self.has_got = threading.Condition()

    def deliver(self, results: Sequence[Result]) -> None:
        with self.has_got:
            if self.answers:
                raise self.answers.pop(0)
            self.got += results
            self.has_got.notify_all()

    def wait(self, count: int) -> list[Result]:
        with self.has_got:
            assert self.has_got.wait_for(lambda: len(self.got) >= count, 10)
        return self.got


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    receiver = Receiver()
    monkeypatch.setattr(webhook, "open_webhook", lambda *_: receiver)
    return receiver


@pytest.fixture
def told(settings: Settings) -> Settings:
    return dataclasses.replace(settings, to=("webhook=http://line/",))


@pytest.fixture
def post(make_png: Callable[..., bytes]) -> Post:
    def run(client: TestClient, name: str) -> dict:
        answer = client.post("/api/inspect", files={"files": (name, make_png())})
        found: dict = answer.json()["inspections"][0]
        return found

    return run


def test_a_sink_gets_the_record_that_was_answered(
    make_client: Callable[..., TestClient], told: Settings, receiver: Receiver, post: Post
):
    answered = post(make_client(told), "a.png")
    (result,) = receiver.wait(1)
    record = result.record.to_dict()
    assert record == {key: answered[key] for key in record}
    assert (record["path"], record["id"]) == ("a.png", answered["id"])
    assert record["journal"] == (told.data / "station.id").read_text().strip()


def test_over_an_outage_and_a_restart_nothing_is_lost_or_told_twice(
    make_client: Callable[..., TestClient], settings: Settings, told: Settings, receiver: Receiver, post: Post
):
    client = make_client(settings)
    post(client, "before there was a sink.png")
    client.__exit__(None, None, None)
    client = make_client(told)
    post(client, "1.png")
    receiver.wait(1)
    receiver.answers = [DeliveryError("away")] * 99
    post(client, "2.png")
    client.__exit__(None, None, None)
    client = make_client(settings)
    post(client, "3.png")
    client.__exit__(None, None, None)
    receiver.answers = []
    client = make_client(told)
    post(client, "4.png")
    assert [result.record.path for result in receiver.wait(4)] == ["1.png", "2.png", "3.png", "4.png"]


def test_what_a_sink_refuses_is_left_out_and_logged(
    make_client: Callable[..., TestClient], told: Settings, receiver: Receiver, post: Post,
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    client = make_client(told)
    receiver.answers = [RefusedError("cannot parse")]
    post(client, "1.png")
    post(client, "2.png")
    assert [result.record.path for result in receiver.wait(1)] == ["2.png"]
    assert "webhook=http://line/ does not take record 1: cannot parse" in caplog.text


def test_lines_are_written_below_the_data_folder(
    make_client: Callable[..., TestClient], settings: Settings, post: Post
):
    client = make_client(dataclasses.replace(settings, to=("jsonl", "csv")))
    answered = post(client, "a.png")
    client.__exit__(None, None, None)
    (lines,) = (settings.data / "results" / "jsonl").iterdir()
    record = json.loads(lines.read_text("utf-8"))
    assert record == {key: answered[key] for key in record}
    (table,) = (settings.data / "results" / "csv").iterdir()
    assert len(table.read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("text", ["folder", "fax", "webhook=ftp://x"])
def test_what_a_station_cannot_deliver_to_is_refused(text: str, tmp_path: Path):
    with pytest.raises(SinkError):
        open_sinks([text], tmp_path)


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"x": "y"}'])
def test_a_damaged_file_of_places_begins_anew(damage: str, station: Station, tmp_path: Path):
    (tmp_path / "sinks.json").write_text(damage)
    RecordOutbox(station.store, tmp_path, "j", ["x"])
    assert json.loads((tmp_path / "sinks.json").read_text()) == {"x": 0}


def test_a_database_that_is_away_costs_no_record(
    station: Station, client: TestClient, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    outbox = RecordOutbox(station.store, tmp_path, "j", ["x"])
    post(client, "a.png")

    def away() -> None:
        raise OperationalError("select", {}, Exception("connection refused"))

    with monkeypatch.context() as patch:
        patch.setattr(station.store, "reading", away)
        assert outbox.waiting("x", 9) == []
    (result,) = outbox.waiting("x", 9)
    outbox.delivered("x", [result])
    assert outbox.waiting("x", 9) == []
