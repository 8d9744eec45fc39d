"""Training with pictures as people have them: twice the same, of several sizes, one defective."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flawflow.errors import DatasetError
from flawflow.progress import Progress, ignore_progress
from flawflow.recipe import Recipe
from flawflow.training.data_checks import CheckedData, check_data
from flawflow.training.feature_source import FeatureSource
from flawflow.training.prepare import source_of
from flawflow.training.setup import set_up
from flawflow.training.split import set_aside, split
from flawflow.training.unfinished_work import WorkFolder


@pytest.fixture
def look(tiny_recipe: Recipe, tmp_path: Path) -> Callable[..., Any]:
    """Give what was found, what is learned from and what calibrates."""

    def looked(folder: Path, **changes: Any) -> tuple[CheckedData, FeatureSource, tuple[Path, ...]]:
        recipe = tiny_recipe.replace(changes)
        setup = set_up(sorted(folder.iterdir()), recipe, device="cpu")
        work = WorkFolder(tmp_path / "work", {}, resume=False)
        parts = split(setup.paths, recipe, cross_fitted=False, folder=work.path, on_progress=ignore_progress)
        source = source_of(setup, parts.training + parts.held_out, work)
        gathered = check_data(source, exclude_suspects=recipe.exclude_suspects)
        return gathered, *set_aside(gathered.source, parts.held_out)

    return looked


@pytest.fixture
def good(parts: Path, tmp_path: Path) -> Path:
    shutil.copytree(parts / "train" / "good", tmp_path / "good")
    return tmp_path / "good"


def test_usual_pictures_all_count(look: Callable[..., Any], good: Path) -> None:
    found, source, held_out = look(good)
    assert sorted(source.pictures + held_out) == sorted(good.iterdir())
    assert (len(source.pictures), len(held_out)) == (10, 2)
    assert source.features.pictures == source.pictures
    assert source.features.plain(0).shape[0] == 10
    assert found.suspects == ()
    [note] = found.notes
    assert note.startswith("12 good pictures show little")


def test_copies_are_left_out_and_never_on_both_sides(look: Callable[..., Any], good: Path) -> None:
    before = sorted(good.iterdir())
    for path in before:
        shutil.copy(path, good / f"again_{path.name}")
    # The same pixels in another kind of file.
    Image.open(before[0]).save(good / "anew.bmp")
    for seed in range(3):
        found, source, held_out = look(good, seed=seed)
        pictures = source.pictures + held_out
        assert len(pictures) == 12
        pixels = {np.asarray(Image.open(path)).tobytes() for path in pictures}
        assert len(pixels) == 12
        assert "13 of 25 good pictures are copies of others" in found.notes[0]
        assert held_out


def test_the_rows_left_are_those_of_the_pictures(look: Callable[..., Any], good: Path) -> None:
    _, plain, _ = look(good)
    for number in (0, 4):
        shutil.copy(sorted(good.iterdir())[number], good / f"0{number}again.png")
    _, source, held_out = look(good, seed=0)
    rows = {
        path.name.replace("again", ""): row
        for path, row in zip(source.pictures, source.features.plain(1), strict=True)
    }
    assert len(source.pictures) + len(held_out) == 12
    shared = [number for number, path in enumerate(plain.pictures) if path.name in rows]
    assert len(shared) > 5
    for number in shared:
        assert rows[plain.pictures[number].name].equal(plain.features.plain(1)[number])


def test_sizes_are_told(look: Callable[..., Any], good: Path) -> None:
    for number, path in enumerate(sorted(good.iterdir())[:5]):
        Image.open(path).resize((70 + number, 64)).save(path)
    found, _, _ = look(good)
    assert found.notes[0].startswith("The good pictures differ in size (7 of 64 × 64, 1 of 7")
    assert "and 3 more): all are resized to 64 × 64" in found.notes[0]


def test_a_defective_picture_is_suspected_and_can_be_left_out(look: Callable[..., Any], good: Path) -> None:
    picture = np.asarray(Image.open(good / "003.png")).copy()
    picture[8:40, 8:40] = (255, 0, 255)
    Image.fromarray(picture).save(good / "003.png")
    found, source, held_out = look(good)
    assert [suspect.path.name for suspect in found.suspects] == ["003.png"]
    assert good / "003.png" in source.pictures + held_out
    x, y = found.suspects[0].place
    assert x < 48 > y
    found, source, held_out = look(good, exclude_suspects=True)
    assert [suspect.path.name for suspect in found.suspects] == ["003.png"]
    assert good / "003.png" not in source.pictures + held_out
    assert len(source.pictures) + len(held_out) == 11


def test_copies_of_too_few_are_refused(learn: Callable[..., Any], good: Path, tmp_path: Path) -> None:
    for path in sorted(good.iterdir())[5:]:
        path.unlink()
    for path in sorted(good.iterdir()):
        for time in range(3):
            shutil.copy(path, good / f"{time}_{path.name}")
    with pytest.raises(
        DatasetError, match="Without the 15 that are copies of others, 5 readable good pictures"
    ):
        learn(tmp_path / "a.flaw", data=good)


def test_a_training_with_another_choice_of_suspects_is_not_gone_on_with(
    learn: Callable[..., Any], good: Path, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "Suspects":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "a.flaw", data=good, on_progress=stop)
    from flawflow.errors import TrainingError

    with pytest.raises(TrainingError, match="different: exclude_suspects"):
        learn(tmp_path / "a.flaw", data=good, changes={"exclude_suspects": True}, resume=True)
