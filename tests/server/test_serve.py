"""The station as a process of its own, as a line runs it."""

import http.client
import json
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from flawflow.server.serve import listen

RUN = "from flawflow.cli import main; main()"


def command(model: Path, data: Path, *options: str | Path) -> list[str | Path]:
    return [sys.executable, "-c", RUN, "serve", model, "--data", data, "--port", "0", *options]


class Served:
    """A station in a process of its own."""

    def __init__(self, model: Path, data: Path, *options: str | Path) -> None:
        self.process = subprocess.Popen(
            command(model, data, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.greeting = line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)/", line).group(1))

    def request(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, {"content-type": kind} if kind else {})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def inspect(self, content: bytes) -> dict:
        body = (
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
            + content
            + b"\r\n--x--\r\n"
        )
        status, answer = self.request("POST", "/api/inspect", body, "multipart/form-data; boundary=x")
        assert status == 200, answer
        return json.loads(answer)["inspections"][0]

    def stop(self, number: int) -> str:
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=30)
        return output


@pytest.fixture
def serve(tiny_model, tmp_path):
    served = []

    def start(*options: str | Path) -> Served:
        served.append(Served(tiny_model, tmp_path / "data", *options))
        return served[-1]

    yield start
    for each in served:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate(timeout=30)


def test_every_answered_inspection_survives_kill_9(serve, make_png, tmp_path):
    first = serve()
    acknowledged: dict[int, tuple[str, float]] = {}
    enough, lock = threading.Event(), threading.Lock()

    def client(start: int) -> None:
        level = start
        while True:
            try:
                found = first.inspect(make_png(level % 256))
            except OSError:
                return
            except http.client.HTTPException:
                return
            with lock:
                acknowledged[found["id"]] = (found["picture_sha256"], found["score"])
                if len(acknowledged) >= 40:
                    enough.set()
            level += 7

    clients = [threading.Thread(target=client, args=(10 * number,)) for number in range(6)]
    for each in clients:
        each.start()
    assert enough.wait(60)
    first.process.kill()
    for each in clients:
        each.join(30)
    second = serve()
    for number, (digest, score) in acknowledged.items():
        status, answer = second.request("GET", f"/api/inspections/{number}")
        found = json.loads(answer)
        assert (status, found["picture_sha256"], found["score"]) == (200, digest, score)
    number = max(acknowledged)
    for kind in ("picture", "map", "overlay"):
        assert second.request("GET", f"/api/inspections/{number}/{kind}")[0] == 200
    second.stop(signal.SIGTERM)
    with closing(sqlite3.connect(tmp_path / "data" / "station.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        # Every record has its map and its picture, whether it was acknowledged or not.
        records = connection.execute("SELECT key FROM inspections").fetchall()
        maps = connection.execute("SELECT count(*) FROM maps").fetchone()[0]
    pictures = {path.name for path in (tmp_path / "data" / "pictures").glob("*/*")}
    assert maps == len(records) >= len(acknowledged)
    assert {key for (key,) in records} <= pictures


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_although_a_page_listens(serve, make_png, number):
    served = serve()
    with closing(socket.create_connection(("127.0.0.1", served.port), timeout=30)) as page:
        page.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode())
        with page.makefile("rb") as lines:
            while not lines.readline().startswith(b"retry:"):
                pass
            found = served.inspect(make_png(spot=True))
            # Heartbeats and what sources say come between.
            events = (json.loads(line[5:]) for line in lines if line.startswith(b"data:"))
            event = next(event for event in events if event["type"] == "inspection")
        assert event["inspection"]["id"] == found["id"]
        output = served.stop(number)
    assert served.process.returncode in (-number, 130)
    assert "Traceback" not in output
    assert "Error" not in output


def status_line(port: int, *parts: bytes) -> bytes:
    """Send bytes until the station answers or hangs up."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            return connection.makefile("rb").readline()
        except ConnectionError:
            return b""


def test_requests_that_are_none(serve):
    port = serve().port
    host = b"Host: 127.0.0.1:%d\r\n" % port
    health = b"GET /api/health HTTP/1.1\r\n"
    endless = [health, host, *[b"X: " + b"a" * 100_000 + b"\r\n"] * 100]
    assert b" 200 " not in status_line(port, *endless)
    chunk = [b"Transfer-Encoding: chunked\r\n\r\n1"]
    for last in ([*chunk, b";" + b"x" * 100_000], [*chunk, b"\r\nx\r\n0\r\n", *endless[2:]]):
        assert b" 200 " not in status_line(port, b"POST /api/inspect HTTP/1.1\r\n", host, *last)
    assert b" 400 " in status_line(port, b"\x00\xff\r\n\r\n")
    assert b" 403 " in status_line(port, health, b"\r\n")
    assert b" 403 " in status_line(port, health, host, b"Host: evil.example\r\n\r\n")
    upload = b"POST /api/inspect HTTP/1.1\r\n" + host
    assert b" 413 " in status_line(port, upload, b"Content-Length: 99999999999\r\n\r\n")
    assert b" 400 " in status_line(port, upload, b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n")
    assert b" 200 " in status_line(port, health, host, b"\r\n")


def test_with_a_certificate_it_speaks_tls_alone(serve, make_certificate, make_png, tmp_path):
    certificate, key = make_certificate(tmp_path / "tls")
    token = "t" * 16
    served = serve("--certificate", certificate, "--key", key, "--token", token)
    assert f"https://127.0.0.1:{served.port}/" in served.greeting
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    body += make_png() + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x", "authorization": f"Bearer {token}"}
    trusting = ssl.create_default_context(cafile=certificate)
    with closing(
        http.client.HTTPSConnection("127.0.0.1", served.port, timeout=30, context=trusting)
    ) as connection:
        connection.request("POST", "/api/inspect", body, headers)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["inspections"][0]["verdict"]) == (200, "OK")
        # TLS asks nobody who he is.
        connection.request("GET", "/api/inspections")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (401, b'{"detail":"give the station\'s token"}')
        connection.request(
            "POST", "/api/login", json.dumps({"token": token}), {"content-type": "application/json"}
        )
        answer = connection.getresponse()
        answer.read()
        assert "secure" in answer.headers["set-cookie"].lower()
    assert status_line(served.port, b"GET /api/health HTTP/1.1\r\n\r\n") == b""
    suspicious = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=30) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        suspicious.wrap_socket(plain, server_hostname="127.0.0.1")
    output = served.stop(signal.SIGTERM)
    assert "Traceback" not in output


def test_a_second_station_on_the_folder_is_refused(serve, tiny_model, tmp_path):
    serve()
    again = command(tiny_model, tmp_path / "data")
    result = subprocess.run(again, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("flawflow: another station uses")
    assert result.stderr.count("\n") == 1


WITHOUT_TORCH = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from flawflow.server.app import create_app
from flawflow.server.settings import Settings

app = create_app(Settings(models=(Path(sys.argv[1]),), data=Path(sys.argv[2])))
with TestClient(app, base_url="http://127.0.0.1:8470") as client:
    picture = Path(sys.argv[3]).read_bytes()
    answer = client.post("/api/inspect", files={"files": ("a.png", picture)}, data={"overlay": "true"})
    assert answer.status_code == 200, answer.text
    assert client.get("/api/inspections/1/picture").status_code == 200
    assert client.post("/api/models/tiny/rates", json={"false_reject_rate": 0.5}).status_code == 200
    for path in ("/", "/docs", "/api/models", "/api/version", "/api/export", "/metrics", "/openapi.json"):
        assert client.get(path).status_code == 200, path
heavy = {"torch", "torchvision", "timm", "scipy", "sklearn", "onnx", "pickle5"} & sys.modules.keys()
assert not heavy, heavy
"""


def test_no_torch_in_the_process(tiny_model, tmp_path, make_png):
    (tmp_path / "a.png").write_bytes(make_png(spot=True))
    program = [sys.executable, "-c", WITHOUT_TORCH, tiny_model, tmp_path / "data", tmp_path / "a.png"]
    result = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr


def test_an_answer_does_not_wait_for_its_headers_to_be_acknowledged():
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def peer(port: int, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        return tls.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_served_without_a_restart(serve, make_certificate, tmp_path, wait):
    (certificate, key), renewed = make_certificate(tmp_path / "tls"), make_certificate(tmp_path / "new")
    served = serve("--certificate", certificate, "--key", key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    first = peer(served.port, context)
    served.process.send_signal(signal.SIGHUP)
    assert peer(served.port, context) == first
    for old, new in zip((certificate, key), renewed, strict=True):
        new.replace(old)
    wait(lambda: peer(served.port, context) != first)
    assert "Traceback" not in served.stop(signal.SIGTERM)


def test_a_hangup_ends_no_station_without_a_certificate(serve):
    served = serve()
    served.process.send_signal(signal.SIGHUP)
    assert served.request("GET", "/api/health")[0] == 200
    assert "Traceback" not in served.stop(signal.SIGTERM)
