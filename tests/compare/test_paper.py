from pathlib import Path

import pytest

from flawflow.compare.paper import PaperPlan, is_video, once
from flawflow.compare.plan import Variant, open_categories
from flawflow.datasets import Dataset, Sample
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts


@pytest.fixture
def gears(tmp_path: Path) -> Dataset:
    draw_parts(tmp_path / "gears", train=2, test=1, size=32)
    (opened,) = open_categories([tmp_path / "gears"])
    return opened


@pytest.fixture
def walk(tmp_path: Path) -> Dataset:
    """Frames of two clips, of which one has anomalous ones beside others."""
    draw_parts(tmp_path / "clips", train=3, test=1, size=32)
    files = sorted((tmp_path / "clips").rglob("*.png"))
    samples = [Sample(files.pop(), "train", False, "good")]
    for clip, odd in (("001", False), ("001", True), ("002", False)):
        frame = tmp_path / clip / f"{len(files)}.png"
        frame.parent.mkdir(exist_ok=True)
        files.pop().rename(frame)
        samples.append(Sample(frame, "test", odd, clip if odd else "good"))
    return Dataset("walk", tuple(samples))


def test_frames_are_told_from_pictures(gears: Dataset, walk: Dataset):
    assert is_video(walk)
    assert not is_video(gears)


def test_pictures_in_one_folder_are_no_frames(tmp_path: Path):
    samples = [Sample(tmp_path / "all" / f"{n}.png", "test", n > 1, "defective") for n in range(4)]
    assert not is_video(Dataset("listed", tuple(samples)))


def test_each_run_is_planned_once_and_videos_are_not_varied(gears: Dataset, walk: Dataset):
    recipe = Recipe.of("fast")
    plan = PaperPlan(
        variants=(
            Variant(label="cflow", recipe=recipe),
            Variant(label="padim", recipe=Recipe.of(detector="padim")),
        ),
        ablation=(
            Variant(label="CFLOW", recipe=recipe),
            Variant(label="4 blocks", recipe=recipe.replace({"detector.blocks": 4})),
        ),
        datasets=(gears, walk),
        seeds=(0, 1),
    )
    assert (plan.pictures, plan.videos) == ((gears,), (walk,))
    runs = plan.runs()
    assert len(runs) == 2 * 2 * 2 + 2 * 2
    assert {run.dataset.name for run in runs[8:]} == {"gears"}
    kept = once(runs)
    assert [run.variant.label for run in kept[:2]] == ["cflow", "padim"]
    assert len(kept) == 8 + 2
    assert {run.key for run in kept} == {run.key for run in runs}
