"""What the tests of improving share: reviewed inspections, and a training that takes no time."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.model_file import write_model
from flawflow.model_file.card import Card

Review = Callable[..., dict]

# Speaks as the trainer does; `fake_training` says what it does.
_TRAINER = """
import json, os, pathlib, shutil, signal, sys, time
plan = json.loads(sys.stdin.readline())
say = lambda **values: print(json.dumps(values), flush=True)
print("a library's remark", file=sys.stderr)
for done in range(3):
    say(stage="Features", done=done, total=2, share=done / 20, note="")
if plan["recipe"]["preset"] == "fast":
    say(stage="Flows", done=1, total=2, share=0.5, note="")
    sys.stdin.read()  # until nobody listens any more, or the process is ended
    sys.exit(3)
if plan["recipe"]["preset"] == "accurate":
    say(error="The pictures are too few.")
    sys.exit(1)
if plan["recipe"]["preset"] == "paper":
    work = pathlib.Path(plan["output"] + ".training")
    work.mkdir(exist_ok=True)
    (work / f"{len(list(work.iterdir()))}.safetensors").touch()
    os.kill(os.getpid(), signal.SIGKILL)
shutil.copy({model!r}, plan["output"])
say(model=plan["output"])
"""


@pytest.fixture
def fake_training(
    install_trainer: Callable[[str], Path], tmp_path: Path, tiny_graph: bytes, tiny_card: Card
) -> Path:
    """A trainer without torch: "balanced" gives a model, "fast" runs until stopped, others fail.

    Gives the model file that it copies.
    """
    model = tmp_path / "trained" / "tiny.flaw"
    model.parent.mkdir()
    write_model(model, tiny_graph, dataclasses.replace(tiny_card, created="2026-11-22T10:00:00+00:00"))
    install_trainer(_TRAINER.replace("{model!r}", repr(str(model))))
    return model


@pytest.fixture
def review(client: TestClient, inspect: Callable[..., dict], make_png: Callable[..., bytes]) -> Review:
    """Inspect a picture of one level and say what it is."""

    def run(level: int, label: str) -> dict:
        found = inspect(make_png(level, spot=label == "bad"), f"{level}.png")
        answer = client.put(f"/api/inspections/{found['id']}/label", json={"label": label})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return run
