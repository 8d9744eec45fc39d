from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.datasets import open_dataset
from flawflow.errors import DatasetError, TrainingError
from flawflow.progress import Progress, ignore_progress
from flawflow.recipe import Recipe
from flawflow.training.split import is_cross_fitted, require_enough, split, split_clips, split_good

MakeVideo = Callable[..., Path]


def noise(seed: int, count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8))


@given(count=st.integers(8, 400), seed=st.integers(0, 100))
def test_every_picture_goes_to_one_side(count: int, seed: int) -> None:
    pictures = [Path(f"{index}.png") for index in range(count)]
    training, held_out = split_good(pictures, seed)
    assert sorted(training + held_out) == sorted(pictures)
    assert len(held_out) == max(2, round(0.15 * count))
    assert list(training) == [path for path in pictures if path in set(training)]
    assert split_good(pictures, seed) == (training, held_out)


def test_the_seed_chooses() -> None:
    pictures = [Path(f"{index}.png") for index in range(100)]
    assert split_good(pictures, 0) != split_good(pictures, 1)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_fewer_than_eight_are_refused(count: int) -> None:
    with pytest.raises(DatasetError, match=f"^{count} readable good pictures are too few .* give 8 or more"):
        split_good([Path("a.png")] * count, 0)
    require_enough(8)


def test_auto_crosses_where_a_split_could_promise_nothing_usual() -> None:
    few, many = [Path("a.png")] * 123, [Path("a.png")] * 124
    assert is_cross_fitted(Recipe(), few)
    assert not is_cross_fitted(Recipe(), many)
    assert not is_cross_fitted(Recipe.of("paper"), few)
    assert is_cross_fitted(Recipe.of("paper", calibration="cross"), many)
    assert not is_cross_fitted(Recipe.of(calibration="split"), few)


def test_frames_of_a_video_are_not_crossed() -> None:
    clips = [Path("a.mp4"), Path("a.png")]
    assert not is_cross_fitted(Recipe(), clips)
    with pytest.raises(TrainingError, match=r"a.mp4 is a video, .* choose the calibration split"):
        is_cross_fitted(Recipe.of(calibration="cross"), clips)


def test_the_end_of_each_clip_is_kept_aside():
    clips = [[Path(f"{clip}/{n:02d}") for n in range(20)] for clip in "ab"]
    training, held_out = split_clips(clips)
    assert held_out == (*clips[0][17:], *clips[1][17:])
    assert training == (*clips[0][:17], *clips[1][:17])


def test_clips_of_one_picture_give_two_to_calibrate_with():
    clips = [[Path(str(n))] for n in range(9)]
    training, held_out = split_clips(clips)
    assert len(held_out) == 2
    assert {*training, *held_out} == {path for clip in clips for path in clip}


def test_frames_of_videos_are_shared_out(make_video: MakeVideo, tmp_path: Path):
    videos = [make_video(noise(n, 20), f"{n}.avi") for n in range(2)]
    steps: list[Progress] = []
    good = split(
        videos,
        Recipe.of(every=2, size=(32, 32)),
        cross_fitted=False,
        folder=tmp_path,
        on_progress=steps.append,
    )
    assert (len(good.training), len(good.held_out), good.failures) == (16, 4, ())
    assert all(path.is_file() for path in (*good.training, *good.held_out))
    assert {step.note for step in steps} == {"0.avi", "1.avi"}
    assert [step.share for step in steps] == sorted(step.share for step in steps)


def test_too_few_frames_are_refused(make_video: MakeVideo, tmp_path: Path):
    video = make_video(noise(0, 20))
    with pytest.raises(DatasetError, match="2 readable good pictures are too few"):
        split([video], Recipe(), cross_fitted=False, folder=tmp_path, on_progress=ignore_progress)


def test_a_model_learns_from_videos(learn: Callable, make_video: MakeVideo, tmp_path: Path):
    """One video is whole, one is cut short: that is said, and its frames count."""
    scene = tmp_path / "scene"
    scene.mkdir()
    for n in range(2):
        make_video(noise(n, 20), f"{n}.avi").rename(scene / f"{n}.avi")
    cut = scene / "1.avi"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 3 // 4])
    output = tmp_path / "scene.flaw"
    result = learn(output, data=open_dataset(scene), changes={"every": 2})
    assert result.card.training.dataset == "scene"
    assert 14 <= result.image_count < 20
    ((path, said),) = result.failures
    assert path == cut
    assert "cut short" in said
    assert not output.with_name("scene.flaw.training").exists()
