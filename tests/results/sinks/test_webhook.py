import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flawflow.errors import SinkError
from flawflow.results.record import Record
from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result
from flawflow.results.sinks.webhook import TOKEN_VARIABLE, Webhook
from flawflow.watch.dispatcher import OutboxDispatcher
from flawflow.watch.journal import Journal
from flawflow.watch.scan import Seen

Write = Callable[..., Result]


class Server(ThreadingHTTPServer):
    """A receiver on loopback that answers with the codes it is told, then with 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.codes: list[int] = []
        self.got: list[tuple[dict[str, str], Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/verdicts?line=1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        code = self.server.codes.pop(0) if self.server.codes else 204
        if code == 204:
            self.server.got.append((dict(self.headers), body))
        self.send_response(code)
        for name, value in {302: {"Location": "/elsewhere"}, 503: {"Retry-After": "7"}}.get(code, {}).items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(serve: Callable[[Server], None]) -> Server:
    server = Server()
    serve(server)
    return server


def test_a_record_is_posted_as_json_with_a_key(server: Server, result: Write):
    Webhook(server.url).deliver([result(5, path="é\udcff.png")])
    ((headers, body),) = server.got
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "j-5"
    assert "Authorization" not in headers
    assert (body["id"], body["verdict"], body["path"]) == (5, "OK", "é\\udcff.png")


def test_the_token_comes_from_the_environment(server: Server, result: Write, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")
    Webhook(server.url).deliver([result(1)])
    assert server.got[0][0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("code", [302, 401, 404, 408, 429, 500, 503])
def test_most_refusals_are_a_matter_of_time(server: Server, result: Write, code: int):
    server.codes = [code]
    with pytest.raises(DeliveryError, match=str(code)) as caught:
        Webhook(server.url).deliver([result(1)])
    assert caught.value.after == (7.0 if code == 503 else 0.0)
    assert server.got == []


@pytest.mark.parametrize("code", [400, 413, 415, 422])
def test_some_refusals_are_of_the_record(server: Server, result: Write, code: int):
    server.codes = [code]
    with pytest.raises(RefusedError, match=str(code)):
        Webhook(server.url).deliver([result(1)])


def test_a_receiver_that_is_not_there_is_a_matter_of_time(result: Write):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match="cannot be reached"):
        Webhook(f"http://127.0.0.1:{port}/").deliver([result(1)])


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://host/x", "http://", "host/x", "http://u:p@host/", "http://host:99999/"],
)
def test_other_addresses_are_refused_at_once(url: str):
    with pytest.raises(SinkError):
        Webhook(url)


def test_an_outage_delays_and_loses_nothing(server: Server, journal: Journal):
    sink = Webhook(server.url)
    for number in range(5):
        record = Record(path=str(number))
        journal.finish(Seen(number, str(number), 1), sha256=None, record=record, sinks=[sink.name])
    server.codes = [503, 500, 204, 429, 204]
    sink_pause = pytest.MonkeyPatch()
    sink_pause.setattr("flawflow.results.sinks.webhook._MAX_REST_SECONDS", 0.0)
    dispatcher = OutboxDispatcher(sink, journal, first_pause=0.001, longest=0.002)
    while journal.backlog():
        dispatcher.wake()
        threading.Event().wait(0.002)
    sink_pause.undo()
    assert dispatcher.close(10)
    assert [body["id"] for _, body in server.got] == [1, 2, 3, 4, 5]


def test_no_secret_of_an_address_is_told_or_recorded():
    one, other, plain = (
        Webhook(f"http://127.0.0.1:9/hook{query}") for query in ("?key=hunter2", "?key=swordfish", "")
    )
    assert plain.name == "webhook=http://127.0.0.1:9/hook"
    assert one.name.startswith("webhook=http://127.0.0.1:9/hook?key=***#")
    assert one.name != other.name
    result = Result(Record(journal="a", id=1, path="a.png"))
    with pytest.raises(DeliveryError) as failed:
        one.deliver([result])
    assert "hunter2" not in str(failed.value)
    assert "127.0.0.1:9/hook" in str(failed.value)
    with pytest.raises(SinkError) as refused:
        Webhook("ftp://host/hook?key=hunter2")
    assert "hunter2" not in str(refused.value)
