"""Records to a SCADA system by Sparkplug B 3.0 over MQTT 3.1.1, through paho-mqtt (the extra `mqtt`).

The process is an edge node, and each model a device of it, whose metrics are the fields of a record.
"""

import contextlib
import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flawflow import __version__
from flawflow.errors import SinkError
from flawflow.results.record import Record
from flawflow.results.sinks.contract import DeliveryError, Result, Setting, Sink
from flawflow.results.sinks.mqtt import host_and_port, make_client, read_address
from flawflow.results.sinks.sparkplug_payload import (
    BDSEQ,
    REBIRTH,
    Kind,
    Metric,
    asks_for_rebirth,
    node_topic,
    payload,
)
from flawflow.results.sinks.sparkplug_record import METRICS, device_of, metrics_of, milliseconds_of
from flawflow.storage.files import write_whole
from flawflow.storage.urls import shown_url

_TIMEOUT_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 60


def open_sparkplug(setting: Setting, address: str) -> Sink:
    """Open the edge node at an address."""
    return Sparkplug(address, setting.output)


class Sparkplug(Sink):
    """An edge node that is born when it connects, and dies by its will.

    Sparkplug demands QoS 0, which nobody acknowledges. So the node subscribes once more after each delivery:
    a broker does one thing after the other, and its answer proves that it has what came before.
    """

    at_once = 100

    def __init__(self, url: str, folder: Path) -> None:
        """Look at the address; nothing is sent or written yet.

        Args:
            url: `mqtt://[user@]host[:port]/GROUP/NODE`, or `mqtts://` for TLS.
            folder: Where the number of the last session is kept.

        Raises:
            SinkError: The address is none, holds a password, or paho-mqtt is missing.
        """
        self._address, path = read_address(url)
        self._node = tuple(path.split("/"))
        if len(self._node) != 2 or not all(self._node):
            raise SinkError(f"{shown_url(url)} names no edge node: give mqtt://host/GROUP/NODE")
        self.name = f"sparkplug={url}"
        self._file = folder / f"sparkplug-{hashlib.sha256(url.encode()).hexdigest()[:12]}.json"
        self._client: Any = None
        # Births on paho's thread and data on the dispatcher's share the numbers of messages.
        self._news = threading.Condition()
        self._bdseq, self._seq = _kept(self._file), 0
        self._is_born = False
        self._why = "no answer"
        self._confirmed: set[int] = set()
        self._devices: dict[str, Record | None] = {}

    def start(self) -> None:
        """Connect, and again whenever the connection breaks; see `Sink.start`."""
        if self._client is not None:
            return
        self._client = client = make_client(self._address)
        client.reconnect_delay_set(1, _LONGEST_PAUSE_SECONDS)
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.connect_async(*host_and_port(self._address))
        client.loop_start()

    def deliver(self, results: Sequence[Result]) -> None:
        """Publish the records as data of their devices; see `Sink.deliver`."""
        self.start()
        # Of each device the last one is what holds now.
        current = {device_of(result.record): result for result in results}
        with self._news:
            if not self._news.wait_for(lambda: self._is_born, _TIMEOUT_SECONDS):
                raise DeliveryError(f"{self._address.netloc} does not accept the connection ({self._why})")
            for result in results:
                device = device_of(result.record)
                if device not in self._devices:
                    self._devices[device] = None
                    self._birth_of(device)
                metrics = metrics_of(
                    result.record,
                    first_alias=self._first_alias(device),
                    is_historical=current[device] is not result,
                )
                self._publish("DDATA", metrics, device, milliseconds_of(result.record))
                self._devices[device] = result.record
            _, number = self._client.subscribe(self._commands, 1)
            if not self._news.wait_for(lambda: self._is_confirmed(number), _TIMEOUT_SECONDS):
                raise DeliveryError(f"{self._address.netloc} has not confirmed a record")
            if not self._is_born:
                raise DeliveryError(f"{self._address.netloc} broke off the connection")

    def close(self) -> None:
        """Say that the node is gone, and leave the broker."""
        if self._client is None:
            return
        with self._news:
            if self._is_born:
                self._client.publish(node_topic(self._node, "NDEATH"), self._death(), qos=1)
            self._is_born = False
        self._client.disconnect()
        self._client.loop_stop()
        self._client = None

    @property
    def _commands(self) -> str:
        return node_topic(self._node, "NCMD")

    def _is_confirmed(self, number: int | None) -> bool:
        return number in self._confirmed or not self._is_born

    def _on_pre_connect(self, client: Any, _data: Any) -> None:
        """A new session: the will is the death that belongs to the birth that follows."""
        with self._news:
            self._bdseq = (self._bdseq + 1) % 256
            # Without the number on the disk a session is as good; only after a restart two may have the same.
            with contextlib.suppress(OSError):
                write_whole(self._file, json.dumps(self._bdseq))
            client.will_set(node_topic(self._node, "NDEATH"), self._death(), qos=1)

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._news:
            if reason.is_failure:
                self._why = str(reason)
                return
            self._confirmed.clear()
            # Before the births: a host may answer them with a command.
            client.subscribe(self._commands, 1)
            self._births()
            self._is_born = True
            self._news.notify_all()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._news:
            self._is_born, self._why = False, str(reason)
            self._news.notify_all()

    def _on_subscribe(self, _client: Any, _data: Any, number: int, _reasons: Any, _properties: Any) -> None:
        with self._news:
            self._confirmed = {number}
            self._news.notify_all()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        if asks_for_rebirth(message.payload):
            with self._news:
                self._births()

    def _births(self) -> None:
        self._seq = -1
        self._publish(
            "NBIRTH",
            [
                Metric(self._bdseq, Kind.INT64, BDSEQ),
                Metric(False, Kind.BOOLEAN, REBIRTH),
                Metric(f"flawflow {__version__}", Kind.STRING, "Properties/Software"),
            ],
        )
        for device in self._devices:
            self._birth_of(device)

    def _birth_of(self, device: str) -> None:
        metrics = metrics_of(self._devices[device], first_alias=self._first_alias(device), is_named=True)
        self._publish("DBIRTH", metrics, device)

    def _first_alias(self, device: str) -> int:
        """Aliases are unique in the node; a device keeps its own as long as the process lives."""
        return 1 + len(METRICS) * list(self._devices).index(device)

    def _publish(
        self, message: str, metrics: list[Metric], device: str | None = None, at: int | None = None
    ) -> None:
        self._seq = (self._seq + 1) % 256
        parts = self._node if device is None else (*self._node, device)
        content = payload(metrics, at=at, seq=self._seq)
        self._client.publish(node_topic(parts, message), content, qos=0)

    def _death(self) -> bytes:
        metric = Metric(self._bdseq, Kind.INT64, BDSEQ)
        return payload([metric])


def _kept(file: Path) -> int:
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return -1
    return kept if isinstance(kept, int) else -1
