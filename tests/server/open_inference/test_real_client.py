"""A client that others wrote, against stations in processes of their own."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

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
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    client = http.InferenceServerClient(f"127.0.0.1:{port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("tiny")
    assert client.is_model_ready("tiny", "0")
    assert not client.is_model_ready("none")
    assert client.get_server_metadata()["name"] == "flawflow"
    assert client.get_model_metadata("tiny")["inputs"][0]["name"] == "images"
    images = np.random.default_rng(3).integers(0, 256, (3, 40, 60, 3), np.uint8)
    given = http.InferInput("images", images.shape, "UINT8")
    given.set_data_from_numpy(images, binary_data=binary)
    names = ("pred_score", "anomaly_map", "p_value", "verdict")
    wanted = [http.InferRequestedOutput(name, binary_data=binary) for name in names]
    answer = client.infer("tiny", [given], outputs=wanted, request_id="lot7")
    alone = [Inspector.load(tiny_model).inspect(image) for image in images]
    np.testing.assert_array_equal(answer.as_numpy("pred_score"), np.float32([each.score for each in alone]))
    np.testing.assert_array_equal(answer.as_numpy("anomaly_map"), [each.graph_map for each in alone])
    np.testing.assert_array_equal(answer.as_numpy("p_value"), [each.p_value for each in alone])
    verdicts = [text.decode() if isinstance(text, bytes) else text for text in answer.as_numpy("verdict")]
    assert verdicts == [each.verdict for each in alone]
    assert answer.get_response()["id"] == "lot7"
    with pytest.raises(http.InferenceServerException, match="there is no model none"):
        client.infer("none", [given])
    client.close()


def test_two_stations_keep_one_record(postgres: str, tiny_model: Path, tmp_path: Path):
    """Behind any proxy: whichever is asked, both show all, and one that ends takes nothing along."""
    stations = [start(tiny_model, tmp_path / name, "--database", postgres) for name in ("left", "right")]
    try:
        for turn in range(6):
            _, port = stations[turn % 2]
            image = {"name": "images", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [9, 9, 9]}
            body = json.dumps({"id": f"turn-{turn}", "inputs": [image]}).encode()
            request = urllib.request.Request(f"http://127.0.0.1:{port}/v2/models/tiny/infer", body)
            with urllib.request.urlopen(request) as answer:
                assert b"OK" in answer.read()
        stations[0][0].kill()
        stations[0][0].wait()
        with urllib.request.urlopen(f"http://127.0.0.1:{stations[1][1]}/api/inspections") as answer:
            found = answer.read().decode()
        assert all(f'"turn-{turn}-1"' in found for turn in range(6))
    finally:
        for process, _ in stations:
            process.terminate()
            process.wait()
