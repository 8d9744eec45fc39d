"""Records to a broker of MQTT, through paho-mqtt (the extra `mqtt`)."""

import json
import os
import threading
import urllib.parse
from collections.abc import Sequence
from typing import Any

from flawflow.errors import SinkError
from flawflow.results.sinks.contract import DeliveryError, Result, Setting, Sink
from flawflow.results.sinks.webhook import has_host
from flawflow.storage.urls import shown_url

PASSWORD_VARIABLE = "FLAWFLOW_MQTT_PASSWORD"
"""The environment variable with the password of the address's user."""

_TIMEOUT_SECONDS = 10.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}
# At least once: the broker acknowledges every record.
_QOS = 1


def open_mqtt(_setting: Setting, address: str) -> Sink:
    """Open the topic at an address."""
    return Mqtt(address)


class Mqtt(Sink):
    """Publishes each record as JSON to one topic and waits until the broker has acknowledged it."""

    def __init__(self, url: str) -> None:
        """Look at the address; nothing is sent yet.

        Raises:
            SinkError: It is no `mqtt://[user@]host[:port]/topic`, holds a password, or paho-mqtt is missing.
        """
        self._address, self._topic = read_address(url)
        if not self._topic:
            raise SinkError(f"{shown_url(url)} names no topic: give mqtt://host/topic")
        self.name = f"mqtt={url}"
        self._client: Any = None

    def deliver(self, results: Sequence[Result]) -> None:
        """Publish the records; see `Sink.deliver`."""
        try:
            if self._client is None:
                self._client = self._connected()
            for result in results:
                text = json.dumps(result.record.to_dict(), allow_nan=False)
                sent = self._client.publish(self._topic, text, qos=_QOS)
                sent.wait_for_publish(_TIMEOUT_SECONDS)
                if not sent.is_published():
                    raise DeliveryError(f"{self._address.netloc} has not acknowledged a record")
        except (OSError, ValueError, RuntimeError) as error:
            self.close()
            raise DeliveryError(f"{self._address.netloc} cannot be reached ({error})") from None
        except DeliveryError:
            # A new connection: the old one would send what it still holds beside what is delivered again.
            self.close()
            raise

    def close(self) -> None:
        """Leave the broker."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def _connected(self) -> Any:
        client = make_client(self._address)
        answered, answers = threading.Event(), []

        def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            answers.append(reason)
            answered.set()

        client.on_connect = on_connect
        client.connect(*host_and_port(self._address))
        client.loop_start()
        if not answered.wait(_TIMEOUT_SECONDS) or answers[0].is_failure:
            client.disconnect()
            client.loop_stop()
            said = str(answers[0]) if answers else "no answer"
            raise DeliveryError(f"{self._address.netloc} does not accept the connection ({said})")
        return client


def read_address(url: str) -> tuple[urllib.parse.SplitResult, str]:
    """Take a broker's address apart, and give what stands behind its host.

    Raises:
        SinkError: It is no `mqtt://[user@]host[:port]/…`, holds a password, or paho-mqtt is missing.
    """
    parts = urllib.parse.urlsplit(url)
    # A topic with + or # would be a pattern; # begins what a URL calls a fragment.
    if parts.scheme not in _PORTS or not has_host(parts) or set(url) & set("+#"):
        raise SinkError(
            f"{shown_url(url)} is not an MQTT address: give mqtt://host/topic, or mqtts:// for TLS"
        )
    if parts.password is not None:
        raise SinkError(f"an address must hold no password: set {PASSWORD_VARIABLE} instead")
    try:
        import paho.mqtt.client  # noqa: F401 its lack must show before work begins
    except ModuleNotFoundError:
        raise SinkError("MQTT needs paho-mqtt: pip install 'flawflow[mqtt]'") from None
    return parts, urllib.parse.unquote(parts.path.removeprefix("/"))


def make_client(address: urllib.parse.SplitResult) -> Any:
    """Make a client for a broker, not connected, with the address's user and TLS where it asks for them."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2)
    if address.username:
        client.username_pw_set(address.username, os.environ.get(PASSWORD_VARIABLE))
    if address.scheme == "mqtts":
        client.tls_set()
    return client


def host_and_port(address: urllib.parse.SplitResult) -> tuple[str, int]:
    """Give where a broker listens."""
    return str(address.hostname), address.port or _PORTS[address.scheme]
