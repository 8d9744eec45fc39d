import errno
from dataclasses import replace

import numpy as np
import pytest

from flawflow import __version__
from flawflow.model_file import read_model, replace_card
from flawflow.report.heatmap import colorize
from flawflow.runtime.canary_check import record_canaries


def test_health_readiness_and_version(client):
    assert client.get("/api/health").json() == {"status": "ok"}
    assert client.get("/api/ready").json() == {"ready": True}
    assert client.get("/api/version").json()["version"] == __version__


def test_the_palette_is_that_of_the_reports(client):
    colours = client.get("/api/palette").json()["colours"]
    ramp = colorize(np.linspace(0, 1, 256)[None], (0.0, 1.0))[0]
    assert [colour[:3] for colour in colours] == ramp[:, :3].tolist()
    assert (colours[0][3], colours[-1][3]) == (0, 255)


def test_not_ready_is_503(client, station, monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(station.image_store, "check", full)
    answer = client.get("/api/ready")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "is full" in answer.json()["detail"]


def test_without_a_token_anybody_here_is_in(client):
    assert client.post("/api/login", json={"token": "anything"}).status_code == 204


def test_made_up_methods_make_no_counters(client):
    for number in range(5):
        client.request(f"MADE{number}", "/api/health")
    assert "MADE" not in client.get("/metrics").text


def test_metrics_tell_which_model_judges(client, station):
    model = station.registry.get()
    name = f'flawflow_model_loaded_timestamp_seconds{{model="tiny",sha256="{model.sha256}",version="0"}}'
    before = client.get("/metrics").text.splitlines()
    (loaded,) = (line for line in before if line.startswith("flawflow_model_loaded_timestamp_seconds"))
    assert loaded.startswith(f"{name} ")
    assert float(loaded.rpartition(" ")[2]) == pytest.approx(model.loaded.timestamp(), abs=1e-3)
    assert 'flawflow_model_file_refused{model="tiny"} 0.0' in before
    station.settings.models[0].write_bytes(b"half a file")
    station.registry.refresh()
    after = client.get("/metrics").text.splitlines()
    assert 'flawflow_model_file_refused{model="tiny"} 1.0' in after
    assert loaded in after


def test_metrics_tell_whether_the_model_proved_itself(client, station):
    before = client.get("/metrics").text.splitlines()
    assert 'flawflow_model_safe_way{engine="onnxruntime",model="tiny"} 0.0' in before
    assert not any(line.startswith("flawflow_model_canary_difference{") for line in before)
    path = station.settings.models[0]
    disc, squares = record_canaries(read_model(path).graph, (32, 32))
    # One figure in a thousand is out of what fp32 allows; in bf16 it is within.
    other = replace(disc, score=disc.score * 1.001), squares
    replace_card(path, path, replace(read_model(path).card, canaries=other, precision="bf16"))
    station.registry.refresh()
    name = 'flawflow_model_canary_difference{engine="onnxruntime",model="tiny"} '
    (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(name))
    assert float(line.removeprefix(name)) == pytest.approx(0.001 * disc.score, rel=0.01)


def test_metrics(client, inspect, make_png):
    inspect(make_png(spot=True))
    client.post("/api/inspect", files={"files": ("a.png", b"no picture")})
    lines = client.get("/metrics").text.splitlines()
    assert 'flawflow_inspections_total{model="tiny",verdict="NG"} 1.0' in lines
    assert 'flawflow_failures_total{model="tiny"} 1.0' in lines
    assert "flawflow_waiting_pictures 0.0" in lines
    assert 'flawflow_request_seconds_count{method="POST",status="415"} 1.0' in lines
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
