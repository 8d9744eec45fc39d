import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flawflow.cli.executor_options import Where
from flawflow.compare import runner, trained
from flawflow.compare.plan import Variant, open_categories, plan_runs
from flawflow.errors import TrainingError
from flawflow.executors.inline import InlineExecutor
from flawflow.recipe import Recipe
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.synthetic import draw_parts

HERE: dict[str, Any] = {
    "executor": InlineExecutor(),
    "resources": Where(place="inline", at_once=1, cores=1, device="cpu"),
    "on_progress": lambda _key, _step: None,
}


@pytest.fixture
def gears(tmp_path: Path) -> Path:
    draw_parts(tmp_path / "gears", train=9, test=2, size=64)
    return tmp_path / "gears"


def variant(detector: str) -> Variant:
    recipe = Recipe.of(detector=detector, encoder="test_efficientnet", weights="random", size=(64, 64))
    return Variant(label=detector, recipe=recipe)


def test_a_run_is_kept_whole_and_leaves_nothing_else(
    gears: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runner, "_TIMED", 3)
    runs = plan_runs([variant("patchcore"), variant("mahalanobis")], open_categories([gears]), [3])
    out = tmp_path / "out"
    assert runner.finished(runs, out) == []
    outcomes = list(runner.perform(runs, out, **HERE))
    assert [outcome.error for outcome in outcomes] == ["", ""]
    record = outcomes[0].record
    assert record is not None
    assert (record.category, record.seed, record.train_pictures) == ("gears", 3, 9)
    low, high = record.image_auroc_interval
    assert 0 <= low <= record.image_auroc <= high <= 1
    assert record.milliseconds > 0
    assert record.train_seconds > 0
    assert [outcome.record.localises for outcome in outcomes if outcome.record] == [True, False]
    # Means and whitening of three scales, and the encoder before them.
    assert record.parameters > 10_000
    with Image.open(runner.maps_file(runs[0], out)) as maps:
        assert maps.size == (4 * 150 + 3 * 4, 150)
    assert not any((out / "work").iterdir())
    assert runner.finished(runs, out) == outcomes


def test_a_run_that_fails_does_not_stop_the_others(
    gears: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def train(dataset, model, recipe, **_):
        raise TrainingError(f"no {recipe.detector.name} today")

    monkeypatch.setattr(trained, "train", train)
    runs = plan_runs([variant("padim"), variant("spade")], open_categories([gears]), [0])
    outcomes = list(runner.perform(runs, tmp_path, **HERE))
    assert [outcome.error for outcome in outcomes] == ["no padim today", "no spade today"]
    assert runner.finished(runs, tmp_path) == []


@pytest.mark.parametrize("flow", ["i-resnet", "ffjord"])
def test_what_cannot_be_exported_is_measured_in_memory(gears: Path, tmp_path: Path, flow: str):
    if flow == "ffjord":
        pytest.importorskip("torchdiffeq")
    changes = {"detector.flow": flow, "detector.steps": 4, "detector.hidden": 8}
    recipe = variant("cflow").recipe.replace(changes)
    runs = plan_runs([Variant(label=flow, recipe=recipe)], open_categories([gears]), [0])
    (outcome,) = runner.perform(runs, tmp_path, **HERE)
    assert outcome.error == ""
    assert outcome.record is not None
    assert outcome.record.milliseconds > 0
    assert outcome.record.megabytes > 0.1
    assert 0 <= outcome.record.aupro <= 1
    assert not any((tmp_path / "work").iterdir())


def test_time_is_positive_and_in_milliseconds(tiny_graph: bytes):
    picture = np.zeros((32, 32, 3), np.uint8)
    assert 0 < runner.milliseconds(OnnxRuntimeEngine(tiny_graph, threads=1), picture) < 1000


def test_the_record_can_be_read_by_anyone(gears: Path, tmp_path: Path):
    for path in gears.rglob("*.png"):
        Image.open(path).resize((160, 64)).save(path)
    side = variant("mahalanobis").recipe.replace(size=64)
    runs = plan_runs([Variant(label="in proportion", recipe=side)], open_categories([gears]), [0])
    list(runner.perform(runs, tmp_path, **HERE))
    content = json.loads((tmp_path / "runs" / f"{runs[0].key}.json").read_text("utf-8"))
    assert content["recipe"]["detector"] == "mahalanobis"
    assert content["packages"]["torch"]
    # The pictures' own shape; the time is that of the model at its size.
    height, width = content["size"]
    assert height < width
    assert content["milliseconds"] > 0
    assert "threads" in content["machine"]


def test_runs_are_jobs_that_travel_and_say_how_many_ran_at_a_time(gears: Path, tmp_path: Path):
    runs = plan_runs([variant("padim"), variant("spade")], open_categories([gears]), [0])
    resources = Where(place="ray", at_once=None, cores=2, device="cuda")
    jobs = runner.jobs_of(runs, tmp_path, resources, at_once=3)
    assert [job.name for job in jobs] == [run.key for run in runs]
    assert all((job.cores, job.gpus) == (2, 1) and job.memory_bytes > 0 for job in jobs)
    run, *_ = pickle.loads(pickle.dumps(jobs[0].work)).args
    assert run == runs[0]
    assert runner.machine(3) == f"{runner.machine()}, 3 runs at a time"
