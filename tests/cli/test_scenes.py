from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flawflow.compare import scenes

Flawflow = Callable[..., Result]

OPTIONS = ("--detector", "padim", "--encoder", "test_efficientnet", "--weights", "random", "--size", "64")


def test_scenes_are_measured_once_and_written(
    flawflow: Flawflow, campus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    ask = ("scenes", campus, "-o", out, *OPTIONS, "--every", "2", "--device", "cpu")
    first = flawflow(*ask)
    assert first.exit_code == 0, first.output
    assert "[2/2] scene 02" in first.stderr
    assert "| mean of scenes | 80 | 16 |" in first.stdout
    assert "left out: scene 03" in first.stdout
    assert {path.name for path in out.iterdir()} == {
        "models",
        "runs",
        "scenes.md",
        "scenes.csv",
        "scenes.json",
    }
    monkeypatch.setattr(scenes, "train", None)
    again = flawflow(*ask)
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    assert "scene 01 is finished already" in again.stderr


def test_a_folder_of_another_layout_is_one_sentence(flawflow: Flawflow, tmp_path: Path):
    result = flawflow("scenes", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "training/videos" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_scene_that_fails_does_not_stop_the_others(
    flawflow: Flawflow, campus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    perform = scenes.perform

    def fail(run: scenes.SceneRun, **options: object) -> scenes.SceneResult:
        if run.scene.name == "01":
            raise scenes.DatasetError("no training today")
        return perform(run, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(scenes, "perform", fail)
    result = flawflow("scenes", campus, "-o", tmp_path, *OPTIONS, "--every", "2", "--device", "cpu")
    assert result.exit_code == 1
    assert "scene 01 failed: no training today" in result.stderr
    assert "| 02 |" in result.stdout
