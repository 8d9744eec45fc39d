import dataclasses
import json
import shlex
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.model_file import read_model, write_model
from flawflow.server.settings import Settings

Review = Callable[..., dict]


def wait(client: TestClient, number: int, *, until: Callable[[dict], bool]) -> dict:
    pause = threading.Event()
    for _ in range(2000):
        job = client.get(f"/api/jobs/{number}").json()
        if until(job):
            return job
        pause.wait(0.01)
    raise AssertionError(job)


def ended(job: dict) -> bool:
    return job["state"] != "running"


@pytest.fixture
def reviewed(client: TestClient, review: Review) -> TestClient:
    for level in range(20):
        review(level, "good")
    review(1, "bad")
    assert client.post("/api/datasets", json={"model": "tiny"}).status_code == 200
    return client


def test_data_sets_are_made_and_listed(client: TestClient, review: Review):
    assert client.get("/api/datasets").json() == []
    assert client.post("/api/datasets", json={"model": "tiny"}).status_code == 409
    assert client.post("/api/datasets", json={"model": "other"}).status_code == 404
    review(1, "good")
    review(2, "bad")
    made = client.post("/api/datasets", json={"model": "tiny"}).json()
    assert (made["version"], made["model"], made["good"], made["bad"]) == (1, "tiny", 1, 1)
    assert Path(made["path"]).is_dir()
    assert client.get("/api/datasets").json() == [made]
    assert client.post("/api/datasets", json={"model": "tiny"}).status_code == 409


def test_retrain_compare_switch_and_go_back(reviewed: TestClient, fake_training: Path, tiny_graph: bytes):
    card = read_model(fake_training).card
    strict = card.calibration.with_rates(false_reject_rate=0.3)
    write_model(fake_training, tiny_graph, dataclasses.replace(card, calibration=strict))
    started = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1, "preset": "balanced"})
    assert started.status_code == 200, started.text
    job = wait(reviewed, started.json()["id"], until=ended)
    assert (job["state"], job["error"], job["progress"]) == ("done", None, 1.0)
    assert job["result"]["version"] == 1
    comparison = job["result"]["comparison"]
    assert comparison["old"] == comparison["new"]  # the new model judges at the rates that hold here
    assert reviewed.get("/api/jobs").json() == [job]
    model = reviewed.get("/api/models/tiny").json()
    assert [(v["version"], v["active"]) for v in model["versions"]] == [(0, True), (1, False)]
    assert reviewed.get("/api/models/tiny/compare?version=1").json() == comparison
    switched = reviewed.post("/api/models/tiny/switch", json={"version": 1}).json()
    assert switched["version"] == 1
    # The file itself judges at the old one's rates, which here are those of `card`.
    assert reviewed.get("/api/models/tiny/card").json() == json.loads(card.to_json())
    assert reviewed.post("/api/models/tiny/rollback").json()["version"] == 0


def test_a_training_that_fails_says_why(reviewed: TestClient, fake_training: Path):
    killed = "the training was killed (SIGKILL, as when the system runs out of memory); "
    for preset, sentence in (("accurate", "The pictures are too few."), ("paper", killed)):
        job = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1, "preset": preset}).json()
        job = wait(reviewed, job["id"], until=ended)
        assert job["state"] == "failed"
        assert sentence in job["error"]
    assert len(reviewed.get("/api/models/tiny").json()["versions"]) == 1


def test_what_a_failed_training_has_learned_is_gone_on_with(
    reviewed: TestClient, settings: Settings, fake_training: Path
):
    jobs = settings.data / "jobs"

    def kept() -> list[tuple[str, int]]:
        return [(path.parent.name, len(list(path.iterdir()))) for path in sorted(jobs.glob("*/*.training"))]

    def run(preset: str) -> dict:
        job = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1, "preset": preset}).json()
        return wait(reviewed, job["id"], until=ended)

    run("paper")
    assert kept() == [("1", 1)]
    # Another plan has nothing to do with it, and the same one continues where it was.
    run("accurate")
    assert kept() == [("1", 1)]
    run("paper")
    assert kept() == [("3", 2)]
    assert run("balanced")["state"] == "done"
    assert kept() == []


def test_one_training_at_a_time_and_it_can_be_cancelled(reviewed: TestClient, fake_training: Path):
    job = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1, "preset": "fast"}).json()
    wait(reviewed, job["id"], until=lambda job: job["stage"] == "Flows")
    again = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1})
    assert again.status_code == 409
    cancelled = reviewed.delete(f"/api/jobs/{job['id']}").json()
    assert cancelled["state"] == "cancelled"
    assert reviewed.delete(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"
    job = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1}).json()
    assert wait(reviewed, job["id"], until=ended)["state"] == "done"


def test_a_training_goes_on_after_a_restart(
    make_client: Callable[..., TestClient],
    reviewed: TestClient,
    settings: Settings,
    fake_training: Path,
    tmp_path: Path,
):
    job = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1, "preset": "fast"}).json()
    wait(reviewed, job["id"], until=lambda job: job["stage"] == "Flows")
    reviewed.__exit__(None, None, None)
    script = tmp_path / "trainer.py"
    script.write_text(script.read_text().replace('"fast"', '"never"'))
    client = make_client(settings)
    found = wait(client, job["id"], until=ended)
    assert (found["state"], found["result"]["version"]) == ("done", 1)


def test_without_torch_the_answer_says_what_to_run_elsewhere(
    reviewed: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flawflow.training.requirements._NEEDED", ("a_package_that_is_missing",))
    answer = reviewed.post("/api/jobs", json={"model": "tiny", "dataset": 1, "preset": "fast"})
    assert answer.status_code == 501
    words = shlex.split(answer.json()["command"])
    assert words[:2] == ["flawflow", "train"]
    assert "size=[32, 32]" in words
    assert answer.json()["command"] in answer.json()["detail"]
    assert reviewed.get("/api/jobs").json() == []


def test_presets_are_told_and_settings_reach_the_training(reviewed: TestClient, fake_training: Path):
    presets = reviewed.get("/api/presets").json()
    assert [preset["name"] for preset in presets] == ["fast", "balanced", "accurate", "paper"]
    asked = {"model": "tiny", "dataset": 1, "settings": ["detector.blocks=4", "seed=7"]}
    job = reviewed.post("/api/jobs", json=asked).json()
    assert "--set detector.blocks=4 " in job["command"]
    assert "--set seed=7 " in job["command"]
    assert wait(reviewed, job["id"], until=ended)["state"] == "done"
    refused = reviewed.post("/api/jobs", json=asked | {"settings": ["detector.bloks=4"]})
    assert refused.status_code == 409
    assert "no option bloks" in refused.json()["detail"]


def test_what_is_not_there_is_said(client: TestClient, fake_training: Path, review: Review):
    assert client.post("/api/jobs", json={"model": "tiny", "dataset": 7}).status_code == 404
    assert client.post("/api/jobs", json={"model": "tiny", "dataset": 7, "preset": "none"}).status_code == 422
    setting = {"model": "tiny", "dataset": 7, "settings": ["x" * 1001]}
    assert client.post("/api/jobs", json=setting).status_code == 422
    assert client.get("/api/jobs/3").status_code == 404
    assert client.delete("/api/jobs/3").status_code == 404
    assert client.get("/api/models/tiny/compare?version=0").status_code == 409
    assert client.get("/api/models/tiny/compare?version=4").status_code == 404
    assert client.post("/api/models/tiny/switch", json={"version": 4}).status_code == 404
    assert client.post("/api/models/tiny/rollback").status_code == 409
