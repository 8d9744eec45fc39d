from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flawflow.errors import FlawflowError
from flawflow.video import write
from flawflow.video.read import open_video
from flawflow.video.write import codec_name, write_video


def test_what_is_written_can_be_read(tmp_path: Path, levels: list[np.ndarray]):
    path = tmp_path / "new" / "a.mp4"
    with write_video(path, size=(48, 64), rate=Fraction(10)) as writer:
        for n, picture in enumerate(levels):
            writer.add(picture, n / 10)
    with open_video(path) as video:
        frames = list(video.frames())
        assert float(video.rate) == pytest.approx(10, abs=0.1)
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(20) / 10, atol=1e-3)
    for frame, picture in zip(frames, levels, strict=True):
        np.testing.assert_allclose(frame.picture, picture, atol=6)
    # A browser starts to play before all is loaded: the index lies before the pictures.
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_times_of_a_video_of_changing_rate_stay(tmp_path: Path, levels: list[np.ndarray]):
    times = np.cumsum([0.0, *np.linspace(0.01, 0.3, 19)])
    with write_video(tmp_path / "a.mp4", size=(48, 64), rate=Fraction(30000, 1001)) as writer:
        for picture, seconds in zip(levels, times.tolist(), strict=True):
            writer.add(picture, seconds)
    with open_video(tmp_path / "a.mp4") as video:
        np.testing.assert_allclose([frame.seconds for frame in video.frames()], times, atol=1e-3)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_odd_sides_get_one_row_more(tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    monkeypatch.setattr(write, "codec_name", lambda: codec)
    with write_video(tmp_path / "a.mp4", size=(33, 45), rate=Fraction(25)) as writer:
        for n in range(5):
            writer.add(np.full((33, 45, 3), 90, np.uint8), n / 25)
    with open_video(tmp_path / "a.mp4") as video:
        frames = list(video.frames())
    assert len(frames) == 5
    assert frames[0].picture.shape == (34, 46, 3)
    np.testing.assert_allclose(frames[0].picture, 90, atol=4)


def test_without_h264_it_is_mpeg4(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(write.av, "codecs_available", {"mpeg4"})
    assert codec_name() == "mpeg4"


def test_an_error_leaves_nothing(tmp_path: Path, levels: list[np.ndarray]):
    def fail() -> None:
        with write_video(tmp_path / "a.mp4", size=(48, 64), rate=Fraction(10)) as writer:
            writer.add(levels[0], 0)
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="disk"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_the_encoder_refuses_is_one_sentence(tmp_path: Path):
    def fail() -> None:
        with write_video(tmp_path / "a.mp4", size=(2, 40_000), rate=Fraction(10)) as writer:
            writer.add(np.zeros((2, 40_000, 3), np.uint8), 0)

    with pytest.raises(FlawflowError, match=r"a\.mp4 cannot be written as a video"):
        fail()
    assert list(tmp_path.iterdir()) == []
