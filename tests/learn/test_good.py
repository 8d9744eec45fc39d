from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flawflow.dataset import open_dataset
from flawflow.errors import DatasetError
from flawflow.learn.calibrate import split_clips
from flawflow.learn.good import share_out
from flawflow.learn.source import Progress

MakeVideo = Callable[..., Path]


def noise(seed: int, count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8))


def test_the_end_of_each_clip_is_kept_aside():
    clips = [[Path(f"{clip}/{n:02d}") for n in range(20)] for clip in "ab"]
    learned_from, held_out = split_clips(clips)
    assert held_out == (*clips[0][17:], *clips[1][17:])
    assert learned_from == (*clips[0][:17], *clips[1][:17])


def test_clips_of_one_picture_give_two_to_calibrate_with():
    clips = [[Path(str(n))] for n in range(9)]
    learned_from, held_out = split_clips(clips)
    assert len(held_out) == 2
    assert {*learned_from, *held_out} == {path for clip in clips for path in clip}


def test_frames_of_videos_are_shared_out(make_video: MakeVideo, tmp_path: Path):
    videos = [make_video(noise(n, 20), f"{n}.avi") for n in range(2)]
    steps: list[Progress] = []
    good = share_out(
        videos, seed=0, every=2, size=(32, 32), folder=tmp_path / "frames", on_progress=steps.append
    )
    assert (len(good.learned_from), len(good.held_out), good.failures) == (16, 4, ())
    assert all(path.is_file() for path in (*good.learned_from, *good.held_out))
    assert {step.note for step in steps} == {"0.avi", "1.avi"}


def test_too_few_frames_are_refused(make_video: MakeVideo, tmp_path: Path):
    video = make_video(noise(0, 20))
    with pytest.raises(DatasetError, match="2 readable good pictures are too few"):
        share_out([video], seed=0, every=10, size=(32, 32), folder=tmp_path, on_progress=lambda _: None)


def test_a_model_learns_from_videos(learn: Callable, make_video: MakeVideo, tmp_path: Path):
    """One video is whole, one is cut short: that is said, and its frames count."""
    scene = tmp_path / "scene"
    scene.mkdir()
    for n in range(2):
        make_video(noise(n, 20), f"{n}.avi").rename(scene / f"{n}.avi")
    cut = scene / "1.avi"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 3 // 4])
    output = tmp_path / "scene.flaw"
    result = learn(output, data=open_dataset(scene), every=2)
    assert result.card.training.dataset == "scene"
    assert 14 <= result.picture_count < 20
    ((path, said),) = result.failures
    assert path == cut
    assert "cut short" in said
    assert not output.with_name("scene.flaw.training").exists()
