from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flawflow.images import read_image, resize_image
from flawflow.video import pictures
from flawflow.video.pictures import save_frames
from flawflow.video.read import open_video

MakeVideo = Callable[..., Path]


def save(path: Path, folder: Path, *, every: int = 3) -> tuple[tuple[Path, ...], str, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    found, said = save_frames(
        path, folder, every=every, size=(32, 40), on_progress=lambda *step: told.append(step)
    )
    return found, said, told


def test_every_third_frame_is_saved_without_loss(
    make_video: MakeVideo, levels: list[np.ndarray], tmp_path: Path
):
    path = make_video(levels)
    found, said, told = save(path, tmp_path / "frames")
    assert said == ""
    assert [file.stem for file in found] == [f"{n:08d}" for n in range(0, 20, 3)]
    assert told[-1] == (19, 20)
    with open_video(path) as video:
        wanted = [frame.picture for frame in video.frames()][::3]
    for file, picture in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(read_image(file), resize_image(picture, (32, 40)))


def test_what_was_saved_is_not_saved_again(
    make_video: MakeVideo, levels: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = make_video(levels)
    first, _, _ = save(path, tmp_path / "frames")
    monkeypatch.setattr(pictures, "open_video", None)
    assert save(path, tmp_path / "frames")[:2] == (first, "")


def test_an_interruption_leaves_no_half_folder(
    make_video: MakeVideo, levels: list[np.ndarray], tmp_path: Path
):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    path = make_video(levels)
    with pytest.raises(KeyboardInterrupt):
        save_frames(path, tmp_path / "frames", every=1, size=(32, 40), on_progress=stop)
    assert not (tmp_path / "frames").exists()
    assert len(save(path, tmp_path / "frames", every=1)[0]) == 20


def test_what_is_wrong_is_said_again_when_asked_again(
    make_video: MakeVideo, rng: np.random.Generator, tmp_path: Path
):
    path = make_video(list(rng.integers(0, 256, (20, 48, 64, 3), dtype=np.uint8)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found, said, _ = save(path, tmp_path / "frames", every=1)
    assert 5 < len(found) < 20
    assert "cut short" in said
    assert save(path, tmp_path / "frames", every=1)[:2] == (found, said)
