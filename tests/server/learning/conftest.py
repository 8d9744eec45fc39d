"""What the tests of learning share: a station without a model, and a training that takes no time."""

import dataclasses
import io
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.server.settings import Settings

# Speaks as the trainer does: "fast" runs until it is stopped, "accurate" fails, all else gives a model, with
# the first picture in the folder as a suspect.
_TRAINER = """
import json, pathlib, shutil, sys
plan = json.loads(sys.stdin.readline())
say = lambda **values: print(json.dumps(values), flush=True)
output = pathlib.Path(plan["output"])
work = output.with_name(output.name + ".training")
work.mkdir(exist_ok=True)
(work / str(len(list(work.iterdir())))).touch()
say(stage="Features", done=1, total=2, share=0.25, note="")
if plan["recipe"]["preset"] == "fast":
    sys.stdin.read()
    sys.exit(3)
if plan["recipe"]["preset"] == "accurate":
    say(error="The pictures are too few.")
    sys.exit(1)
shutil.rmtree(work)
shutil.copy(MODEL, output)
names = sorted(path.name for path in pathlib.Path(plan["data"]).iterdir())
suspects = output.with_name(output.name + ".suspects")
suspects.mkdir(exist_ok=True)
(suspects / "0.jpg").write_bytes(b"\\xff\\xd8\\xff drawn")
about = {"path": str(pathlib.Path(plan["data"]) / names[0]), "overlay": "0.jpg"}
(suspects / "suspects.json").write_text(json.dumps([about]))
report = {
    "count": len(names),
    "suspects": [{"file": names[0], "score": 3.0, "limit": 2.0, "place": [5, 6]}],
    "copies": [[names[2], names[1]]],
    "failures": [],
    "notes": ["few pictures"],
}
output.with_name(output.name + ".report.json").write_text(json.dumps(report))
say(model=str(output))
"""


@pytest.fixture
def empty(settings: Settings) -> Settings:
    """The settings of a station without a model."""
    return dataclasses.replace(settings, models=())


@pytest.fixture
def client(make_client: Callable[..., TestClient], empty: Settings) -> TestClient:
    return make_client(empty)


@pytest.fixture
def fake_training(
    install_trainer: Callable[[str], Path], tmp_path: Path, tiny_graph: bytes, tiny_card: Card
) -> Path:
    """A trainer without torch; gives its script."""
    model = tmp_path / "trained.flaw"
    write_model(model, tiny_graph, dataclasses.replace(tiny_card, created="2026-11-22T10:00:00+00:00"))
    return install_trainer(_TRAINER.replace("MODEL", repr(str(model))))


def noisy(seed: int, *, size: tuple[int, int] = (40, 60), kind: str = "PNG") -> bytes:
    """A picture like no other."""
    pixels = np.random.default_rng(seed).integers(0, 60, (*size, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., bytes]:
    return noisy


@pytest.fixture
def send() -> Callable[..., dict]:
    """Send pictures to a draft and give the answer."""

    def run(client: TestClient, name: str, *contents: bytes) -> dict:
        files = [("files", (f"{number}.png", content)) for number, content in enumerate(contents)]
        answer = client.post(f"/api/drafts/{name}/pictures", files=files)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return run


@pytest.fixture
def filled(client: TestClient, send: Callable[..., dict]) -> TestClient:
    """A station with a draft `part` of nine pictures."""
    assert client.post("/api/drafts", json={"name": "part"}).status_code == 200
    send(client, "part", *map(noisy, range(9)))
    return client


@pytest.fixture
def ended() -> Callable[..., dict]:
    """Wait until the learning of a draft is so, or has ended, and give its job."""

    def run(
        client: TestClient, name: str, until: Callable[[dict], bool] = lambda job: job["state"] != "running"
    ) -> dict:
        pause = threading.Event()
        for _ in range(2000):
            job = client.get(f"/api/drafts/{name}").json()["job"]
            if job is not None and until(job):
                return job
            pause.wait(0.01)
        raise AssertionError(job)

    return run
