import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flawflow.compare.paper import PaperPlan
from flawflow.compare.paper_page import render_paper, write_page
from flawflow.compare.plan import Run, Variant, open_categories
from flawflow.compare.runner import Outcome, counts_file, maps_file
from flawflow.compare.summary import MEASURES
from flawflow.datasets import Dataset, Sample
from flawflow.metrics.resampling import SetCounts
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts

from .records import make_record

PADIM = Variant(label="padim <b>", recipe=Recipe.of(detector="padim"))
CFLOW = Variant(label="cflow", recipe=Recipe.of("fast"))
WHOLE = Variant(label="mahalanobis", recipe=Recipe.of(detector="mahalanobis"))
USUAL = Variant(label="CFLOW", recipe=CFLOW.recipe)
VARIED = Variant(label="4 blocks", recipe=CFLOW.recipe.replace({"detector.blocks": 4}))


@pytest.fixture
def plan(tmp_path: Path) -> PaperPlan:
    for count, name in enumerate(("bottle", "gears"), start=2):
        draw_parts(tmp_path / name, train=count, test=1, size=32)
    bottle, gears = open_categories([tmp_path / "bottle", tmp_path / "gears"])
    clip = tmp_path / "001"
    clip.mkdir()
    frames = [clip / f"{number}.png" for number in range(2)]
    for frame, sample in zip(frames, gears.test, strict=False):
        shutil.copy(sample.path, frame)
    samples = [Sample(frame, "test", bool(odd), "001" if odd else "good") for odd, frame in enumerate(frames)]
    walk = Dataset("walk", tuple(samples))
    return PaperPlan((CFLOW, PADIM, WHOLE), (USUAL, VARIED), (bottle, gears, walk), (0,))


@pytest.fixture
def finish(plan: PaperPlan, tmp_path: Path):
    """Say that runs are finished, with their files."""

    def finished(value: float, wanted: Any) -> list[Outcome]:
        outcomes = []
        for run in plan.runs():
            if not wanted(run):
                continue
            record = make_record(
                **dict.fromkeys(MEASURES, value),
                image_auroc_interval=(value - 0.1, value),
                size=(32, 32),
                localises=run.variant.recipe.detector.kind.localises,
                packages={},
            )
            (tmp_path / "runs").mkdir(exist_ok=True)
            truth = np.array([False, True, True])
            levels = np.zeros(0, np.int64)
            scores = np.array([0.0, 1.0, 2.0])
            counts = SetCounts(("a", "b", "c"), truth, scores, levels, np.zeros((3, 3, 0)))
            counts.save(counts_file(run, tmp_path))
            Image.new("RGB", (20, 10)).save(maps_file(run, tmp_path))
            outcomes.append(Outcome(run, record))
        return outcomes

    return finished


def titles(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def test_all_tables_are_there_when_all_was_run(plan: PaperPlan, finish, tmp_path: Path):
    page = render_paper(plan, finish(0.8, lambda run: True), tmp_path)
    assert titles(page) == [
        "Table 2: ablation", "Table 3: detectors by category", "Critical differences", "Curves", "Pictures",
        "Table 4: video", "Table 5: complexity",
    ]  # fmt: skip
    assert "padim &lt;b&gt;" in page
    assert "<b>" not in page
    assert "80.00 (70.0 to 80.0)" in page
    assert "on the mean of all data sets" in page
    # The paper's own figures stand beside those of its category, marked as theirs.
    assert page.count('<tr class="published">') == 4
    assert "<td>98.98</td><td>96.80</td>" in page
    # A whole picture's detector has a curve and no map.
    assert page.count("<polyline") >= 3 * 3
    assert page.count("data:image/jpeg") == 3 * (1 + 2)


def test_what_was_not_run_is_not_shown(plan: PaperPlan, finish, tmp_path: Path):
    def wanted(run: Run) -> bool:
        return run.variant == PADIM and run.dataset.name == "gears"

    page = render_paper(plan, finish(0.8, wanted), tmp_path)
    assert titles(page) == ["Table 3: detectors by category", "Curves", "Pictures", "Table 5: complexity"]
    assert "1 of 11 runs" in page
    assert "mahalanobis" not in page
    assert "bottle" not in page


def test_the_ablation_names_the_data_set_that_was_run(plan: PaperPlan, finish, tmp_path: Path):
    page = render_paper(plan, finish(0.8, lambda run: run.dataset.name == "gears"), tmp_path)
    assert "One change at a time, on gears." in page


def test_files_that_were_lost_leave_the_figures(plan: PaperPlan, finish, tmp_path: Path):
    outcomes = finish(0.8, lambda run: run.dataset.name == "gears")
    for file in (tmp_path / "runs").iterdir():
        file.unlink()
    assert titles(render_paper(plan, outcomes, tmp_path)) == [
        "Table 2: ablation", "Table 3: detectors by category", "Table 5: complexity",
    ]  # fmt: skip


def test_before_any_run_the_page_is_empty(plan: PaperPlan, tmp_path: Path):
    page = write_page(plan, tmp_path)
    assert titles(page.read_text("utf-8")) == []
