"""Sparkplug B as a host sees it: a client that subscribes to everything, behind a broker."""

import importlib.util
import json
import queue
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flawflow.errors import SinkError
from flawflow.results.sinks import open_sink
from flawflow.results.sinks.contract import DeliveryError, Result, Setting
from flawflow.results.sinks.sparkplug import Sparkplug
from flawflow.results.sinks.sparkplug_payload import Kind, Metric, asks_for_rebirth, payload

from .mqtt_broker import SmallBroker, amqtt_broker

paho = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")
descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2", reason="protobuf is not installed")
Write = Callable[..., Result]


def _payload_class() -> Any:
    """The message of the specification as Google's protobuf reads it: an oracle that shares no code."""
    from google.protobuf import descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="spb.proto", package="spb", syntax="proto2")
    of = descriptor_pb2.FieldDescriptorProto
    metric_fields = (
        (1, "name", of.TYPE_STRING), (2, "alias", of.TYPE_UINT64), (3, "timestamp", of.TYPE_UINT64),
        (4, "datatype", of.TYPE_UINT32), (5, "is_historical", of.TYPE_BOOL), (7, "is_null", of.TYPE_BOOL),
        (10, "int_value", of.TYPE_UINT32), (11, "long_value", of.TYPE_UINT64),
        (13, "double_value", of.TYPE_DOUBLE), (14, "boolean_value", of.TYPE_BOOL),
        (15, "string_value", of.TYPE_STRING),
    )  # fmt: skip
    metric = file.message_type.add(name="Metric")
    for number, name, kind in metric_fields:
        metric.field.add(name=name, number=number, type=kind, label=of.LABEL_OPTIONAL)
    whole = file.message_type.add(name="Payload")
    whole.field.add(name="timestamp", number=1, type=of.TYPE_UINT64, label=of.LABEL_OPTIONAL)
    whole.field.add(
        name="metrics", number=2, type=of.TYPE_MESSAGE, type_name=".spb.Metric", label=of.LABEL_REPEATED
    )
    whole.field.add(name="seq", number=3, type=of.TYPE_UINT64, label=of.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("spb.Payload"))


PAYLOAD = _payload_class()


def value(metric: Any) -> Any:
    found = [
        name for name in ("int", "long", "double", "boolean", "string") if metric.HasField(f"{name}_value")
    ]
    assert len(found) == (0 if metric.is_null else 1)
    return getattr(metric, f"{found[0]}_value") if found else None


class Host:
    """What a SCADA system does: listen to all, and send commands."""

    def __init__(self, port: int) -> None:
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="host")
        listening: queue.Queue[bool] = queue.Queue()
        self.client.on_message = lambda _c, _d, message: self.heard.put(
            (message.topic, PAYLOAD.FromString(message.payload))
        )
        self.client.on_subscribe = lambda *_: listening.put(True)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe("spBv1.0/#", 0)
        assert listening.get(timeout=20)

    def next(self, kind: str) -> tuple[str, Any]:
        topic, message = self.heard.get(timeout=20)
        assert topic.split("/")[2] == kind, topic
        return topic, message

    def ask_for_rebirth(self) -> None:
        command = payload([Metric(True, Kind.BOOLEAN, "Node Control/Rebirth")], seq=0)
        self.client.publish("spBv1.0/plant/NCMD/line 1", command).wait_for_publish(10)


@pytest.fixture(params=["small", "amqtt"])
def port(request: pytest.FixtureRequest, serve: Callable[..., None]) -> Iterator[int]:
    if request.param == "small":
        broker = SmallBroker()
        serve(broker)
        yield broker.server_address[1]
        return
    if importlib.util.find_spec("amqtt") is None:
        pytest.skip("amqtt is not installed")
    with amqtt_broker() as port:
        yield port


@pytest.fixture
def host(port: int) -> Iterator[Host]:
    host = Host(port)
    yield host
    host.client.disconnect()
    host.client.loop_stop()


@pytest.fixture
def sink(port: int, tmp_path: Path) -> Iterator[Sparkplug]:
    sink = Sparkplug(f"mqtt://127.0.0.1:{port}/plant/line%201", tmp_path)
    yield sink
    sink.close()


def by_name(birth: Any) -> dict[str, Any]:
    return {metric.name: metric for metric in birth.metrics}


def test_a_node_is_born_tells_and_dies(host: Host, sink: Sparkplug, result: Write):
    sink.start()
    topic, birth = host.next("NBIRTH")
    assert topic == "spBv1.0/plant/NBIRTH/line 1"
    node = by_name(birth)
    assert birth.seq == 0
    assert (value(node["bdSeq"]), value(node["Node Control/Rebirth"])) == (0, False)

    sink.deliver([result(7, verdict="NG", path="ü.png")])
    topic, device = host.next("DBIRTH")
    assert topic == "spBv1.0/plant/DBIRTH/line 1/part.flaw"
    assert device.seq == 1
    names = {metric.alias: metric.name for metric in device.metrics}
    assert len(names) == len(device.metrics)
    assert all(metric.is_null for metric in device.metrics)
    topic, data = host.next("DDATA")
    assert data.seq == 2
    assert not any(metric.HasField("name") or metric.is_historical for metric in data.metrics)
    told = {names[metric.alias]: value(metric) for metric in data.metrics}
    assert told["Inspection/Verdict"] == "NG"
    assert (told["Inspection/Code"], told["Inspection/Id"], told["Inspection/Score"]) == (3, 7, 0.5)
    assert told["Inspection/Error"] is None
    assert json.loads(told["Inspection/Record"])["path"] == told["Inspection/Path"] == "ü.png"
    # When the verdict was given, and not when it was sent.
    assert {metric.timestamp for metric in data.metrics} == {1_795_341_600_000}
    assert data.timestamp > 0

    sink.close()
    _, death = host.next("NDEATH")
    assert not death.HasField("seq")
    assert value(by_name(death)["bdSeq"]) == 0


def test_types_are_those_of_the_births(host: Host, sink: Sparkplug, result: Write):
    sink.deliver([result(1)])
    host.next("NBIRTH")
    _, device = host.next("DBIRTH")
    _, data = host.next("DDATA")
    assert {each.alias: each.datatype for each in device.metrics} == {
        each.alias: each.datatype for each in data.metrics
    }


def test_a_host_may_ask_for_all_births_again(host: Host, sink: Sparkplug, result: Write):
    sink.deliver([result(1), result(2, model="ring/a+b.flaw", verdict="OK", error=None)])
    kinds = [host.heard.get(timeout=20) for _ in range(5)]
    assert kinds[3][0] == "spBv1.0/plant/DBIRTH/line 1/ring_a_b.flaw"
    host.ask_for_rebirth()
    host.next("NCMD")
    _, node = host.next("NBIRTH")
    assert (node.seq, value(by_name(node)["bdSeq"])) == (0, 0)
    births = [host.next("DBIRTH")[1] for _ in range(2)]
    assert [birth.seq for birth in births] == [1, 2]
    # A birth tells what holds now.
    assert [value(by_name(birth)["Inspection/Id"]) for birth in births] == [1, 2]
    aliases = [metric.alias for birth in births for metric in birth.metrics]
    assert len(set(aliases)) == len(aliases)
    sink.deliver([result(3)])
    assert host.next("DDATA")[1].seq == 3


def test_of_what_waited_only_the_last_is_not_historical(host: Host, sink: Sparkplug, result: Write):
    sink.deliver([result(number) for number in range(1, 300)])
    host.next("NBIRTH")
    host.next("DBIRTH")
    heard = [host.next("DDATA")[1] for _ in range(299)]
    assert [data.seq for data in heard] == [number % 256 for number in range(2, 301)]
    assert [all(each.is_historical for each in data.metrics) for data in heard] == [True] * 298 + [False]


def test_each_session_has_a_number_of_its_own_over_restarts(
    host: Host, port: int, tmp_path: Path, result: Write
):
    for number in range(3):
        sink = Sparkplug(f"mqtt://127.0.0.1:{port}/plant/line%201", tmp_path)
        sink.deliver([result(1)])
        assert value(by_name(host.next("NBIRTH")[1])["bdSeq"]) == number
        host.next("DBIRTH")
        host.next("DDATA")
        sink.close()
        host.next("NDEATH")


def test_a_broken_connection_is_a_death_and_another_birth(
    serve: Callable[..., None], tmp_path: Path, result: Write
):
    broker = SmallBroker()
    serve(broker)
    host = Host(broker.server_address[1])
    sink = Sparkplug(f"mqtt://127.0.0.1:{broker.server_address[1]}/plant/line%201", tmp_path)
    sink.deliver([result(1)])
    for kind in ("NBIRTH", "DBIRTH", "DDATA"):
        host.next(kind)
    (node,) = [each for each in broker.open if each.client != b"host"]
    with suppress(OSError):
        node.connection.shutdown(2)
    assert value(by_name(host.next("NDEATH")[1])["bdSeq"]) == 0
    assert value(by_name(host.next("NBIRTH")[1])["bdSeq"]) == 1
    _, device = host.next("DBIRTH")
    assert value(by_name(device)["Inspection/Id"]) == 1
    sink.deliver([result(2)])
    assert host.next("DDATA")[1].seq == 2
    sink.close()
    host.client.disconnect()
    host.client.loop_stop()


def test_a_broker_that_is_away_is_a_matter_of_time(
    tmp_path: Path, result: Write, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flawflow.results.sinks.sparkplug._TIMEOUT_SECONDS", 0.1)
    sink = Sparkplug("mqtt://127.0.0.1:9/plant/line", tmp_path)
    with pytest.raises(DeliveryError, match="does not accept"):
        sink.deliver([result(1)])
    sink.close()


@pytest.mark.parametrize(
    "url",
    ["mqtt://host/plant", "mqtt://host/plant/", "mqtt://host/a/b/c", "mqtt://u:p@host/a/b", "http://h/a/b"],
)
def test_other_addresses_are_refused_at_once(url: str, tmp_path: Path):
    with pytest.raises(SinkError):
        open_sink(f"sparkplug={url}", Setting(verb="serve", output=tmp_path))


@pytest.mark.parametrize(
    ("content", "asks"),
    [
        (payload([Metric(True, Kind.BOOLEAN, "Node Control/Rebirth")]), True),
        (payload([Metric(False, Kind.BOOLEAN, "Node Control/Rebirth")]), False),
        (payload([Metric(True, Kind.BOOLEAN, "Node Control/Reboot")]), False),
        (b"\xff\xff", False),
        (b"", False),
        (b"\x12\x02\x0a\x7f", False),
    ],
    # The time is in what is sent: names of its content would differ from one worker to the next.
    ids=["rebirth", "no rebirth", "another command", "no payload", "nothing", "cut short"],
)
def test_what_asks_for_births(content: bytes, asks: bool):
    assert asks_for_rebirth(content) is asks
