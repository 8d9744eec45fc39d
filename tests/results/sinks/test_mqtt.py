"""MQTT against a broker that knows just enough: CONNECT, PUBLISH with QoS 1, DISCONNECT (MQTT 3.1.1)."""

import json
import socket
import socketserver
from collections.abc import Callable

import pytest

from flawflow.errors import SinkError
from flawflow.results.sinks.contract import DeliveryError, Result
from flawflow.results.sinks.mqtt import PASSWORD_VARIABLE, Mqtt

from .mqtt_broker import read_length

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
Write = Callable[..., Result]


class Broker(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.got: list[tuple[str, dict]] = []
        self.qualities: set[int] = set()
        self.connects: list[bytes] = []
        self.refuses = False
        self.acknowledges = True
        self.answers = True
        self.url = f"mqtt://line@127.0.0.1:{self.server_address[1]}/factory/line%201"


class _Connection(socketserver.StreamRequestHandler):
    server: Broker

    def handle(self) -> None:
        while start := self.rfile.read(1):
            body = self.rfile.read(read_length(self.rfile))
            kind = start[0] >> 4
            if kind == 1:
                self.server.connects.append(body)
                if self.server.answers:
                    self.wfile.write(bytes([0x20, 2, 0, 5 if self.server.refuses else 0]))
            elif kind == 3:
                end = 2 + int.from_bytes(body[:2], "big")
                self.server.qualities.add(start[0] >> 1 & 3)
                self.server.got.append((body[2:end].decode(), json.loads(body[end + 2 :])))
                if not self.server.acknowledges:
                    return
                self.wfile.write(b"\x40\x02" + body[end : end + 2])


@pytest.fixture
def broker(serve: Callable[[Broker], None]) -> Broker:
    broker = Broker()
    serve(broker)
    return broker


def test_records_are_published_and_acknowledged(
    broker: Broker, result: Write, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(PASSWORD_VARIABLE, "secret")
    sink = Mqtt(broker.url)
    sink.deliver([result(1)])
    sink.deliver([result(2)])
    sink.close()
    assert [(topic, record["id"]) for topic, record in broker.got] == [
        ("factory/line 1", 1),
        ("factory/line 1", 2),
    ]
    assert broker.qualities == {1}
    (connect,) = broker.connects
    assert b"line" in connect
    assert connect.endswith(b"secret")


def test_a_refused_connection_is_a_matter_of_time(broker: Broker, result: Write):
    broker.refuses = True
    sink = Mqtt(broker.url)
    with pytest.raises(DeliveryError, match="does not accept"):
        sink.deliver([result(1)])
    broker.refuses = False
    sink.deliver([result(1)])
    sink.close()
    assert [record["id"] for _, record in broker.got] == [1]


def test_a_broker_that_does_not_answer_is_a_matter_of_time(
    broker: Broker, result: Write, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flawflow.results.sinks.mqtt._TIMEOUT_SECONDS", 0.1)
    broker.answers = False
    with pytest.raises(DeliveryError, match=r"does not accept the connection \(no answer\)"):
        Mqtt(broker.url).deliver([result(1)])


def test_a_record_without_acknowledgement_is_not_delivered(
    broker: Broker, result: Write, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flawflow.results.sinks.mqtt._TIMEOUT_SECONDS", 0.1)
    broker.acknowledges = False
    sink = Mqtt(broker.url)
    with pytest.raises(DeliveryError, match="acknowledged"):
        sink.deliver([result(1)])
    broker.acknowledges = True
    sink.deliver([result(1)])
    sink.close()


def test_a_broker_that_is_not_there_is_a_matter_of_time(result: Write):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match="cannot be reached"):
        Mqtt(f"mqtt://127.0.0.1:{port}/topic").deliver([result(1)])


@pytest.mark.parametrize(
    "url", ["mqtt://host", "mqtt:///topic", "http://host/topic", "mqtt://host/a/#", "mqtt://u:p@host/topic"]
)
def test_other_addresses_are_refused_at_once(url: str):
    with pytest.raises(SinkError):
        Mqtt(url)
