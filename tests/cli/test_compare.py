from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from flawflow.compare import runner
from flawflow.compare.runner import Outcome
from flawflow.synthetic import draw_parts

from ..compare.records import make_record

Flawflow = Callable[..., Result]


@pytest.fixture
def gears(tmp_path: Path) -> Path:
    draw_parts(tmp_path / "gears", train=2, test=1, size=32)
    return tmp_path / "gears"


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put runs in place that take no time; those of spade fail."""
    collected: list[Any] = []

    def perform(runs: Any, folder: Path, **_: Any) -> Iterator[Outcome]:
        for run in runs:
            collected.append(run)
            if run.variant.recipe.detector.name == "spade":
                yield Outcome(run, None, "too large.")
                continue
            record = make_record(seed=run.seed, category="-")
            record.write(folder / "runs" / f"{run.key}.json")
            yield Outcome(run, record)

    monkeypatch.setattr(runner, "perform", perform)
    return collected


def test_finished_work_is_not_repeated(flawflow: Flawflow, performed: list[Any], gears: Path, tmp_path: Path):
    out = tmp_path / "out"
    first = flawflow("compare", gears, "-o", out, "--detectors", "cflow,padim", "--seeds", "0,1")
    assert first.exit_code == 0, first.output
    assert len(performed) == 4
    assert first.stdout == (out / "compare.md").read_text("utf-8")
    assert "[4/4] gears: padim, lite0, seed 1" in first.stderr
    assert "## gears" in first.stdout
    again = flawflow("compare", gears, "-o", out, "--detectors", "cflow,padim,uflow", "--seeds", "0,1")
    assert again.exit_code == 0
    assert [run.variant.recipe.detector.name for run in performed[4:]] == ["uflow", "uflow"]
    assert "4 of 6 runs are finished already" in again.stderr
    assert "| cflow | lite0 | 50.00 ± 0.00 (40.0 to 60.0) |" in again.stdout


def test_a_failed_run_is_said_at_the_end(
    flawflow: Flawflow, performed: list[Any], gears: Path, tmp_path: Path
):
    result = flawflow("compare", gears, "-o", tmp_path / "out", "--detectors", "spade,padim")
    assert result.exit_code == 1
    assert "gears: spade, lite0, seed 0 failed: too large." in result.stderr
    assert "| padim |" in result.stdout


def test_encoders_may_bring_their_weights(
    flawflow: Flawflow, performed: list[Any], gears: Path, tmp_path: Path
):
    encoders = "lite0,resnet18=random"
    result = flawflow(
        "compare", gears, "-o", tmp_path, "--detectors", "padim", "--encoders", encoders, "--size", "64x96"
    )
    assert result.exit_code == 0, result.output
    recipes = [run.variant.recipe for run in performed]
    assert [(recipe.encoder, recipe.weights, recipe.size) for recipe in recipes] == [
        ("lite0", None, (64, 96)),
        ("resnet18", "random", (64, 96)),
    ]


def test_the_ablation_varies_cflow(flawflow: Flawflow, performed: list[Any], gears: Path, tmp_path: Path):
    result = flawflow("compare", gears, "-o", tmp_path, "--ablation", "--preset", "fast")
    assert result.exit_code == 0, result.output
    assert {run.variant.recipe.detector.name for run in performed} == {"cflow", "uflow"}
    assert "| hard permutation | lite0 |" in result.stdout
    refused = flawflow("compare", gears, "-o", tmp_path, "--ablation", "--detectors", "padim")
    assert refused.exit_code == 2


def test_the_papers_tables_are_one_page(
    flawflow: Flawflow, performed: list[Any], gears: Path, tmp_path: Path
):
    arguments = ("compare", gears, "-o", tmp_path / "out", "--paper", "--preset", "fast")
    result = flawflow(*arguments, "--detectors", "cflow,padim", "--set", "detector.channels=9")
    assert result.exit_code == 0, result.output
    recipes = [run.variant.recipe for run in performed]
    assert [recipe.detector.name for recipe in recipes[:2]] == ["cflow", "padim"]
    assert recipes[1].detector.options["channels"] == 9
    # The recipe as it is stands in both tables and is trained once.
    assert {run.variant.label for run in performed[2:]} >= {"hard permutation", "no noise"}
    assert not any(run.variant.label == "CFLOW" for run in performed)
    page = (tmp_path / "out" / "paper.html").read_text("utf-8")
    assert f"{len(performed)} of {len(performed)} runs" in page
    assert "Table 2" in page
    # Nothing of videos was run, and one data set ranks nothing.
    assert "Table 4" not in page
    assert "Critical differences" not in page
    refused = flawflow(*arguments, "--ablation")
    assert refused.exit_code == 2
    assert "leave out --ablation" in refused.stderr


def test_settings_count_for_the_detectors_that_have_them(
    flawflow: Flawflow, performed: list[Any], gears: Path, tmp_path: Path
):
    settings = ("--set", "detector.blocks=5", "--set", "detector.channels=9", "--set", "strides=8,16")
    result = flawflow("compare", gears, "-o", tmp_path, "--detectors", "cflow,padim", *settings)
    assert result.exit_code == 0, result.output
    assert [run.variant.recipe.changes() for run in performed] == [
        {"strides": (8, 16), "detector.blocks": 5},
        {"detector": "padim", "strides": (8, 16), "detector.channels": 9},
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--detectors", "cflow,nothing"), "'nothing'"),
        (("--seeds", "1,b"), "not seeds"),
        (("--encoders", ","), "one or more"),
        (("--set", "detector.bloks=1"), "no option bloks"),
        (("--set", "detector.steps=1", "--detectors", "padim"), "no option steps"),
        (("--preset", "paper"), "as published"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    flawflow: Flawflow, performed: list[Any], gears: Path, arguments: tuple[str, str], said: str
):
    result = flawflow("compare", gears, "-o", gears / "out", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert performed == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--on", "inline", "--jobs", "2"), "takes no address, and 1 job"),
        (("--on", "rey"), "There is no executor 'rey'; did you mean ray?"),
        (("--jobs", "0"), "0 is not in the range x>=1"),
    ],
)
def test_runs_go_where_they_are_sent(
    flawflow: Flawflow, performed: list[Any], gears: Path, more: tuple[str, ...], said: str
):
    result = flawflow("compare", gears, "-o", gears / "out", "--detectors", "padim", *more)
    assert result.exit_code == 2
    assert said in result.stderr
    assert performed == []
