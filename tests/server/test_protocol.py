"""Connections that are held and not used, over real sockets of this computer."""

import asyncio
import contextlib
import dataclasses
import http.client
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager

import pytest

from flawflow.server import protocol
from flawflow.server.serve import listen, make_server

# More than any of them needs: who is still connected after so many bytes is held for ever.
_MAX_HEAD_BYTES = 1000


@pytest.fixture
def serve(settings):
    """Serve in a thread of this process; gives the server and its port."""

    @contextmanager
    def serving(**changes):
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            server = make_server(dataclasses.replace(settings, port=port, **changes))
            thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
            thread.start()
            try:
                yield server, port
            finally:
                server.should_exit = True
                thread.join()
                server.station.close()

    return serving


@pytest.fixture
def hasty(monkeypatch):
    """Give a head a fifth of a second."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr("flawflow.server.serve.HEAD_SECONDS", 0.2)


def head(port, request="GET /api/health"):
    return f"{request} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode()


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def is_hung_up_on(connection, part):
    """Send a part time and again until the station hangs up."""
    connection.settimeout(0.02)
    for _ in range(_MAX_HEAD_BYTES):
        try:
            connection.sendall(part)
            if connection.recv(65536) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def until(condition):
    for _ in range(_MAX_HEAD_BYTES):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def emptied(server):
    """Wait until every place was given back."""
    until(lambda: not len(server.slots))


@pytest.mark.parametrize(
    ("begun", "part"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (b"", b"G"),
        (b"GET / HTTP/1.1\r\nA: ", b"a"),
        # A body that nobody reads, behind an answer.
        (b"{health}Content-Length: 99999\r\n\r\n", b"x"),
        (b"{health}Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        # Between two requests.
        (b"{health}\r\n", b"\r\n"),
        (b"{health}\r\n", b"A"),
        (b"{health}Content-Length: 1\r\n\r\nx", b"\r\n"),
    ],
)
@pytest.mark.usefixtures("hasty")
def test_a_connection_that_says_nothing_whole_is_ended(serve, begun, part):
    with serve() as (server, port), closing(connected(port)) as connection:
        connection.sendall(begun.replace(b"{health}", head(port)))
        assert is_hung_up_on(connection, part)
        emptied(server)


@pytest.mark.usefixtures("hasty")
def test_a_handshake_has_a_deadline(serve, make_certificate, tmp_path):
    certificate, key = make_certificate(tmp_path / "tls")
    with serve(certificate=certificate, key=key) as (server, port):
        with closing(connected(port)) as connection:
            assert is_hung_up_on(connection, b"")
        context = ssl.create_default_context(cafile=certificate)
        with closing(context.wrap_socket(connected(port), server_hostname="127.0.0.1")) as connection:
            assert is_hung_up_on(connection, b"G")
        emptied(server)


@pytest.mark.usefixtures("hasty")
def test_a_request_that_is_being_answered_is_not_cut_off(serve, monkeypatch):
    with serve() as (server, port), closing(connected(port)) as connection:
        check, asked = server.station.store.check, threading.Event()

        def slow():
            asked.set()
            time.sleep(0.6)
            check()

        monkeypatch.setattr(server.station.store, "check", slow)
        connection.sendall(head(port, "GET /api/ready") + b"\r\n")
        assert asked.wait(30)
        # The beginning of a next one, whose end does not come.
        connection.sendall(b"GET")
        assert b" 200 " in connection.makefile("rb").readline()


@pytest.mark.parametrize("last", [b"", b"\x00"])
def test_an_answer_that_nobody_reads_is_given_up(serve, monkeypatch, last):
    monkeypatch.setattr(protocol, "_UNREAD_SECONDS", 0.2)
    with serve(rate=1e9) as (server, port), closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        # More than the system's own buffers take; what is no request has the connection closed.
        connection.sendall((head(port, "GET /openapi.json") + b"\r\n") * 60 + last)
        emptied(server)


def test_an_answer_that_is_read_late_is_not_cut_off(serve):
    with serve(rate=1e9) as (server, port), closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        until(lambda: len(server.server_state.connections) == 1)
        (held,) = server.server_state.connections
        connection.sendall((head(port, "GET /openapi.json") + b"\r\n") * 60)
        until(lambda: held._unread is not None)
        deadline = held._unread
        # From here on it reads as fast as others do: through a window of 4 KB it takes up to half a minute.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        connection.settimeout(0.02)

        def read():
            with contextlib.suppress(TimeoutError):
                connection.recv(1 << 20)
            return held._unread is None

        until(read)
        assert deadline.cancelled()


def test_a_short_answer_that_nobody_reads_is_given_up(serve, monkeypatch):
    """What waits is too little to be told of: closing waits for it all the same."""
    monkeypatch.setattr(protocol, "_UNREAD_SECONDS", 0.2)
    with serve() as (server, port), closing(connected(port)) as connection:
        until(lambda: len(server.server_state.connections) == 1)
        (held,) = server.server_state.connections

        def write():
            while held.transport.get_write_buffer_size() == 0:
                held.transport.write(bytes(10_000))

        held.loop.call_soon_threadsafe(write)
        until(lambda: held.transport.get_write_buffer_size() > 0)
        connection.sendall(head(port) + b"Connection: close\r\n\r\n")
        emptied(server)


def healthy(connection):
    connection.request("GET", "/api/health")
    answer = connection.getresponse()
    return answer.status == 200 and answer.read() == b'{"status":"ok"}'


def test_those_who_hold_connections_keep_nobody_out(serve):
    limits = {"max_connections": 20, "max_connections_of_one": 10}
    with serve(**limits) as (server, port), contextlib.ExitStack() as idle:
        before, after = (http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(2))
        with closing(before), closing(after):
            assert healthy(before)
            own = before.sock
            for _ in range(60):
                idle.enter_context(closing(connected(port)))
            assert healthy(after)
            assert healthy(before)
            assert before.sock is own
            assert len(server.slots) <= 10


def test_a_station_that_can_take_no_connections_any_more_stops(settings, monkeypatch, caplog):
    async def broken(*_, **__):
        raise ValueError("odd")

    monkeypatch.setattr("flawflow.server.serve.accept", broken)
    with listen("127.0.0.1", 0) as listener:
        server = make_server(settings)
        asyncio.run(server.serve(sockets=[listener]))
    assert server.should_exit
    assert "no more connections can be accepted" in caplog.text
