"""A client that others wrote, against stations in processes of their own."""

import http.client
import http.server
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flawflow.inspection.inspector import Inspector

pytestmark = pytest.mark.slow


def start(model: Path, data: Path, *options: str) -> tuple[subprocess.Popen, int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flawflow", "serve", str(model), "--data", str(data), *options]
    log = data.with_suffix(".log").open("wb")
    with log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1).close()
            return process, port
        except OSError:
            assert process.poll() is None, data.with_suffix(".log").read_text()
            time.sleep(0.1)
    raise AssertionError("the station did not start")


@pytest.fixture
def port(tiny_model: Path, tmp_path: Path) -> Iterator[int]:
    process, found = start(tiny_model, tmp_path / "one")
    yield found
    process.terminate()
    process.wait()


@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_gets_what_inspect_says(port: int, tiny_model: Path, binary: bool):
    triton = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    client = triton.InferenceServerClient(f"127.0.0.1:{port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("tiny")
    assert client.is_model_ready("tiny", "0")
    assert not client.is_model_ready("none")
    assert client.get_server_metadata()["name"] == "flawflow"
    assert client.get_model_metadata("tiny")["inputs"][0]["name"] == "images"
    images = np.random.default_rng(3).integers(0, 256, (3, 40, 60, 3), np.uint8)
    given = triton.InferInput("images", images.shape, "UINT8")
    given.set_data_from_numpy(images, binary_data=binary)
    names = ("pred_score", "anomaly_map", "p_value", "verdict")
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]
    answer = client.infer("tiny", [given], outputs=wanted, request_id="lot7")
    alone = [Inspector.load(tiny_model).inspect(image) for image in images]
    np.testing.assert_array_equal(answer.as_numpy("pred_score"), np.float32([each.score for each in alone]))
    np.testing.assert_array_equal(answer.as_numpy("anomaly_map"), [each.graph_map for each in alone])
    np.testing.assert_array_equal(answer.as_numpy("p_value"), [each.p_value for each in alone])
    verdicts = [text.decode() if isinstance(text, bytes) else text for text in answer.as_numpy("verdict")]
    assert verdicts == [each.verdict for each in alone]
    assert answer.get_response()["id"] == "lot7"
    with pytest.raises(triton.InferenceServerException, match="there is no model none"):
        client.infer("none", [given])
    client.close()


class Proxy(http.server.BaseHTTPRequestHandler):
    """Passes requests on to the replicas in turn, and to the next where one does not answer."""

    ports: deque[int]

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        for _ in range(len(self.ports)):
            self.ports.rotate()
            # The replica's own address is the Host that it hears.
            backend = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=30)
            try:
                backend.request(self.command, self.path, body, {"content-type": "application/json"})
                answer = backend.getresponse()
            except OSError:
                continue
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            backend.close()
            return

    do_GET = do_POST = _pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


def asked(address: str, path: str, body: dict | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}{path}", data, headers)) as answer:
        return json.load(answer)


def test_two_replicas_behind_a_proxy_are_one_service(
    postgres: str, tiny_model: Path, tmp_path: Path, serve: Callable[..., None]
):
    options = ("--database", postgres, "--replica", "--keep-pictures", "none")
    replicas = [start(tiny_model, tmp_path / name, *options) for name in ("left", "right")]
    try:
        proxy = type("Proxied", (Proxy,), {"ports": deque(port for _, port in replicas)})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), proxy)
        serve(server)
        address = f"http://127.0.0.1:{server.server_address[1]}"
        image = {"name": "images", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [120, 120, 120]}

        def verdict(turn: int) -> str:
            told = asked(address, "/v2/models/tiny/infer", {"id": f"turn-{turn}", "inputs": [image]})
            return {each["name"]: each["data"][0] for each in told["outputs"]}["verdict"]

        assert [verdict(turn) for turn in range(4)] == ["OK"] * 4
        rates = {"false_reject_rate": 0.4, "review_rate": 0.4}
        asked(address, "/api/models/tiny/rates", rates)
        # What one was told reaches the other within its next look, a second later.
        wanted = [
            lambda port=port: (
                asked(f"http://127.0.0.1:{port}", "/api/models/tiny")["calibration"]["false_reject_rate"]
                == 0.4
            )
            for _, port in replicas
        ]
        for is_so in wanted:
            for _ in range(300):
                if is_so():
                    break
                time.sleep(0.1)
            assert is_so()
        assert [verdict(turn) for turn in range(4, 6)] == ["NG"] * 2
        replicas[0][0].kill()
        replicas[0][0].wait()
        assert [verdict(turn) for turn in range(6, 9)] == ["NG"] * 3
        found = asked(address, "/api/inspections")["inspections"]
        assert sorted(each["path"] for each in found) == [f"turn-{turn}-1" for turn in range(9)]
        assert len({each["journal"] for each in found}) == 1
        # A station that thinks itself alone is kept out.
        alone = subprocess.run(
            [sys.executable, "-m", "flawflow", "serve", str(tiny_model), "--data", str(tmp_path / "alone"),
             "--database", postgres, "--port", "0"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (alone.returncode, "another station uses the database" in alone.stderr) == (2, True)
    finally:
        for process, _ in replicas:
            process.terminate()
            process.wait()
