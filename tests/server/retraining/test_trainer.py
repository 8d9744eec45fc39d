"""The real trainer, in a process of its own, with a small encoder of random weights."""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from flawflow.model_file import read_model, write_model
from flawflow.model_file.card import Card
from flawflow.server.errors import StationError
from flawflow.server.retraining import trainer
from flawflow.server.retraining.plan import Plan
from flawflow.server.retraining.process import COMMAND, Training
from flawflow.server.retraining.report import read_report
from flawflow.synthetic import draw_parts

pytest.importorskip("torch", reason="training is not installed")


def changed(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, recipe=plan.recipe.replace(changes))


@pytest.fixture
def plan(tiny_card: Card, tmp_path: Path) -> Plan:
    draw_parts(tmp_path / "parts", train=9, test=1, size=32)
    plan = Plan.like(
        tiny_card,
        model=tmp_path / "tiny.flaw",
        data=tmp_path / "parts",
        output=tmp_path / "new.flaw",
        preset="fast",
    )
    return changed(plan, encoder="test_efficientnet", weights="random", size=(32, 32), detector="mahalanobis")


@pytest.mark.slow
def test_a_model_comes_out_and_progress_is_heard(
    plan: Plan, tiny_graph: bytes, tiny_card: Card, tmp_path: Path
):
    write_model(tmp_path / "tiny.flaw", tiny_graph, replace(tiny_card, roi_run_lengths=(512, 512)))
    plan = changed(plan, roi=tmp_path / "tiny.flaw")
    good = sorted((tmp_path / "parts" / "train" / "good").iterdir())
    shutil.copy(good[0], good[0].with_name("z.png"))
    steps: list[tuple[str, float]] = []
    model = Training(plan, tmp_path / "log.txt").run(lambda stage, share: steps.append((stage, share)))
    card = read_model(model).card
    assert (card.size, card.detector, card.roi_run_lengths) == ((32, 32), "mahalanobis", (512, 512))
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (pytest.approx(0, abs=0.05), pytest.approx(1.0))
    assert {"Features", "Calibrating"} <= {stage for stage, _ in steps}
    report = read_report(model)
    assert report is not None
    assert report.count == 10
    assert [set(pair) for pair in report.copies] == [{"z.png", good[0].name}]
    assert any("show little" in note for note in report.notes)
    # Once more: what was trained is not trained again.
    assert Training(plan, tmp_path / "log.txt").run(lambda *_: pytest.fail("trained again")) == model


def test_a_sentence_says_what_does_not_fit(plan: Plan, tmp_path: Path):
    with pytest.raises(StationError, match="no_such_net"):
        Training(changed(plan, encoder="no_such_net"), tmp_path / "log.txt").run(lambda *_: None)


def test_it_ends_when_nobody_listens_any_more(plan: Plan):
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(changed(plan, detector="cflow"))) + "\n")
        process.stdin.close()
        assert process.wait(60) == 3
    assert not Path(plan.output).exists()
    assert sys.executable in COMMAND


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory is short; what was learned is kept"),
        (OSError(28, "No space left on device", "work/a"), "work/a: No space left on device; what was"),
        (OSError("it is gone"), "it is gone; what was learned is kept"),
    ],
)
def test_what_ends_it_is_said(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> Path:
        raise error

    heard = io.StringIO()
    monkeypatch.setattr(trainer, "_own_stdout", lambda: heard)
    monkeypatch.setattr(trainer, "_end_with_parent", lambda: None)
    monkeypatch.setattr(trainer, "_train", fail)
    monkeypatch.setattr(trainer.Plan, "of", lambda _: None)
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr(sys, "stdin", io.StringIO("{}\n"))
    assert trainer.main() == 1
    assert json.loads(heard.getvalue())["error"].startswith(said)
