"""Brokers of MQTT 3.1.1: one that knows just enough, and amqtt where it is installed."""

import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


class SmallBroker(socketserver.ThreadingTCPServer):
    """Passes messages on at QoS 0, keeps wills, acknowledges what asks for it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.lock = threading.Lock()
        self.open: list[_Connection] = []

    def route(self, topic: str, content: bytes) -> None:
        body = len(topic.encode()).to_bytes(2, "big") + topic.encode() + content
        with self.lock:
            for each in self.open:
                if any(
                    topic == one or (one.endswith("#") and topic.startswith(one[:-1])) for one in each.topics
                ):
                    each.wfile.write(b"\x30" + _length(len(body)) + body)

    def drop(self, client: bytes) -> None:
        """Cut the connections of clients that are so named."""
        for each in [one for one in self.open if one.client.startswith(client)]:
            each.connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.StreamRequestHandler):
    server: SmallBroker

    def setup(self) -> None:
        super().setup()
        self.topics: set[str] = set()
        self.will: tuple[str, bytes] | None = None
        self.client = b""

    def handle(self) -> None:
        with self.server.lock:
            self.server.open.append(self)
        try:
            while start := self.rfile.read(1):
                if not self._answer(start[0], self.rfile.read(read_length(self.rfile))):
                    break
        except OSError:
            pass
        with self.server.lock:
            self.server.open.remove(self)
        if self.will is not None:
            self.server.route(*self.will)

    def _answer(self, start: int, body: bytes) -> bool:
        kind = start >> 4
        if kind == 1:
            self._connect(body)
            self.wfile.write(b"\x20\x02\x00\x00")
        elif kind == 3:
            topic, rest = _text(body)
            if start >> 1 & 3:
                self.wfile.write(b"\x40\x02" + rest[:2])
                rest = rest[2:]
            self.server.route(topic.decode(), rest)
        elif kind == 8:
            self.topics.add(_text(body[2:])[0].decode())
            self.wfile.write(b"\x90\x03" + body[:2] + b"\x00")
        elif kind == 12:
            self.wfile.write(b"\xd0\x00")
        elif kind == 14:
            self.will = None
            return False
        return True

    def _connect(self, body: bytes) -> None:
        _, rest = _text(body)
        flags, (self.client, rest) = rest[1], _text(rest[4:])
        if flags & 4:
            topic, rest = _text(rest)
            content, _ = _text(rest)
            self.will = topic.decode(), content


def read_length(stream: BinaryIO) -> int:
    """The length of what remains of a packet, which stands after its first byte."""
    length, shift = 0, 0
    while True:
        byte = stream.read(1)[0]
        length |= (byte & 127) << shift
        if byte < 128:
            return length
        shift += 7


def _text(body: bytes) -> tuple[bytes, bytes]:
    end = 2 + int.from_bytes(body[:2], "big")
    return body[2:end], body[end:]


def _length(value: int) -> bytes:
    found = bytearray()
    while True:
        value, part = divmod(value, 128)
        found.append(part | (128 if value else 0))
        if not value:
            return bytes(found)


_AMQTT = """
import asyncio, sys
from amqtt.broker import Broker
async def run():
    allowed = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listener = {"type": "tcp", "bind": f"127.0.0.1:{sys.argv[1]}"}
    await Broker({"listeners": {"default": listener}, "plugins": allowed}).start()
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(run())
"""


@contextmanager
def amqtt_broker() -> Iterator[int]:
    """Run amqtt in a process of its own, whose warnings are its own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", _AMQTT, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield port
        process.terminate()
