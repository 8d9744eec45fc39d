import importlib.util
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from flawflow.model_file.card import Card
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts

Flawflow = Callable[..., Result]


@dataclass(frozen=True)
class Step:
    stage: str
    done: int
    total: int
    note: str


@dataclass(frozen=True)
class Learned:
    model: Path
    image_count: int
    seconds: float
    card: Card
    suspects: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[tuple[Path, str], ...] = ()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tiny_model: Path, tiny_card: Card) -> list[dict[str, Any]]:
    """Put a training in place that takes no time, and collect what it was asked for."""
    collected: list[dict[str, Any]] = []

    def train(
        dataset: Any, output: Path, recipe: Recipe, *, on_progress: Callable[[Step], None], **options: Any
    ) -> Learned:
        collected.append({"dataset": dataset, "output": output, "recipe": recipe, **options})
        on_progress(Step("features", 1, 2, ""))
        on_progress(Step("features", 2, 2, ""))
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(tiny_model.read_bytes())
        return Learned(output, len(dataset.train), 61.0, tiny_card)

    module = types.ModuleType("flawflow.training.train")
    module.train = train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flawflow.training.train", module)
    monkeypatch.setattr("flawflow.training.requirements._NEEDED", ())
    return collected


@pytest.fixture
def gears(tmp_path: Path) -> Path:
    draw_parts(tmp_path / "gears", train=3, test=1, size=32)
    return tmp_path / "gears"


def test_the_options_reach_the_training_and_the_end_says_what_to_do_next(
    flawflow: Flawflow, calls: list[dict[str, Any]], gears: Path, tmp_path: Path
):
    output = tmp_path / "my part.flaw"
    result = flawflow(
        "train", gears, "-o", output, "--size", "128x96", "--preset", "fast", "--seed", "7",
        "--encoder", "resnet18", "--device", "cpu", "--flow", "nice", "--set", "detector.steps=7",
        "--set", "aggregation.tail=0",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (call,) = calls
    assert call["dataset"].name == "gears"
    del call["dataset"]
    changes = {"detector.steps": 7, "detector.coupling": "additive", "aggregation.tail": 0.0}
    recipe = Recipe.of("fast", changes, encoder="resnet18", size=(128, 96), seed=7)
    assert call == {
        "output": output, "recipe": recipe, "device": "cpu", "resume": False, "keep_work": False,
    }  # fmt: skip
    assert "Trained on 3 good pictures in 1 min 1 s" in result.stdout
    assert "NG when its score is above 0.5, and REVIEW when it is above 0.48." in result.stdout
    assert f"Next: flawflow inspect '{output}'" in result.stdout
    assert "features: 2/2" in result.stderr


def test_every_option_of_a_recipe_has_its_own(
    flawflow: Flawflow, calls: list[dict[str, Any]], gears: Path, tmp_path: Path
):
    result = flawflow(
        "train", gears, "-o", tmp_path / "m.flaw", "--detector", "padim", "--weights", "hub", "--every", "3",
        "--calibration", "cross", "--roi", "roi.png", "--ignore", "no.png", "--exclude-suspects",
        "--augment", "auto", "--robust", "--tiles", "doubtful", "--seed", "0",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert calls[0]["recipe"].changes() == {
        "detector": "padim", "weights": "hub", "every": 3, "calibration": "cross", "roi": "roi.png",
        "ignore": "no.png", "exclude_suspects": True, "augment": "auto", "robust": True,
        "tiles.mode": "doubtful",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--preset", "paper", "--detector", "padim"), "as published"),
        (("--detector", "padim", "--flow", "nice"), "cannot have the flow nice"),
        (("--set", "detector.blocks=many"), "detector.blocks must be a int"),
        (("--set", "size"), "write NAME=VALUE"),
        (("--every", "0"), "every must be positive"),
    ],
)
def test_a_recipe_that_cannot_be_is_one_sentence(
    flawflow: Flawflow,
    calls: list[dict[str, Any]],
    gears: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    sentence: str,
):
    result = flawflow("train", gears, "-o", tmp_path / "m.flaw", *arguments)
    assert (result.exit_code, calls) == (2, [])
    assert sentence in result.stderr


def test_a_model_is_replaced_only_when_told_to(
    flawflow: Flawflow, calls: list[dict[str, Any]], gears: Path, tiny_model: Path
):
    refused = flawflow("train", gears, "-o", tiny_model)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert calls == []
    assert flawflow("train", gears, "-o", tiny_model, "--overwrite").exit_code == 0


@pytest.mark.parametrize("size", ["0", "-5", "12x", "x12", "12.5", "1x2x3", "a"])
def test_a_size_that_is_none_is_refused(
    flawflow: Flawflow, calls: list[dict[str, Any]], gears: Path, tmp_path: Path, size: str
):
    result = flawflow("train", gears, "-o", tmp_path / "m.flaw", f"--size={size}")
    assert result.exit_code == 2
    assert "256x320" in result.stderr


def test_what_is_missing_for_learning_is_said_first(
    flawflow: Flawflow, gears: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else whole(name))
    result = flawflow("train", gears, "-o", tmp_path / "m.flaw")
    assert result.exit_code == 2
    assert result.stderr == (
        "flawflow: training needs torch, which is not installed: pip install 'flawflow[train]'\n"
    )


def test_ctrl_c_says_how_to_go_on(
    flawflow: Flawflow,
    calls: list[dict[str, Any]],
    gears: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["flawflow.training.train"], "train", interrupted)
    result = flawflow("train", gears, "-o", tmp_path / "m.flaw")
    assert result.exit_code == 130
    assert "--resume" in result.stderr


@pytest.mark.slow
def test_the_demonstration_goes_the_whole_way(
    flawflow: Flawflow, calls: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    pytest.importorskip("elpv_dataset", reason="the demonstration's pictures are not installed (extra demo)")
    out = tmp_path / "demo"
    result = flawflow("demo", "--output", out)
    assert result.exit_code == 0, result.output
    assert len(calls[0]["dataset"].train) == 200
    assert len(calls[0]["dataset"].test) == 120
    assert "CC BY-NC-SA 4.0" in result.stdout
    assert "Image AUROC" in result.stdout
    assert (out / "results" / "report.html").stat().st_size < 15_000_000
    again = flawflow("demo", "--output", out)
    assert again.exit_code == 2
    assert "not empty" in again.stderr


def test_pictures_that_cannot_be_read_are_counted_and_named(
    flawflow: Flawflow,
    calls: list[dict[str, Any]],
    gears: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    module = sys.modules["flawflow.training.train"]
    whole = module.train
    failures = tuple((Path(f"{n}.png"), f"{n}.png is damaged: copy it again.") for n in range(12))
    monkeypatch.setattr(
        module, "train", lambda *given, **options: replace(whole(*given, **options), failures=failures)
    )
    (gears / "train" / "good" / "notes.gif").touch()
    result = flawflow("train", gears, "-o", tmp_path / "part.flaw")
    assert result.exit_code == 3
    assert "12 pictures could not be read and were left out:\n  0.png is damaged" in result.stderr
    assert "and 2 more" in result.stderr
    assert "1 file was left out, not being named like a picture (1 .gif)." in result.stderr
    assert "Next: flawflow inspect" in result.stdout
