from flawflow import __version__


def test_health_readiness_and_version(client):
    assert client.get("/api/health").json() == {"status": "ok"}
    assert client.get("/api/ready").json() == {"ready": True}
    assert client.get("/api/version").json()["version"] == __version__


def test_not_ready_is_503(client, station, monkeypatch):
    monkeypatch.setattr(station.shelf, "free_bytes", lambda: 0)
    answer = client.get("/api/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_without_a_token_anybody_here_is_in(client):
    assert client.post("/api/login", json={"token": "anything"}).status_code == 204


def test_made_up_methods_make_no_counters(client):
    for number in range(5):
        client.request(f"MADE{number}", "/api/health")
    assert "MADE" not in client.get("/metrics").text


def test_metrics(client, inspect, make_png):
    inspect(make_png(spot=True))
    client.post("/api/inspect", files={"files": ("a.png", b"no picture")})
    lines = client.get("/metrics").text.splitlines()
    assert 'flawflow_inspections_total{model="tiny",verdict="NG"} 1.0' in lines
    assert 'flawflow_failures_total{model="tiny"} 1.0' in lines
    assert "flawflow_waiting_pictures 0.0" in lines
    assert 'flawflow_request_seconds_count{method="POST",status="415"} 1.0' in lines
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
