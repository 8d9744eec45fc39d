from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from flawflow.errors import ImageError
from flawflow.video.read import Frame, open_video

MakeVideo = Callable[..., Path]


def read(path: Path) -> tuple[list[Frame], str]:
    """All frames, and what is said at the end."""
    frames = []
    with open_video(path) as video:
        try:
            frames += video.frames()
        except ImageError as error:
            return frames, str(error)
    return frames, ""


@pytest.fixture
def noise(rng: np.random.Generator) -> list[np.ndarray]:
    """Frames that no codec can make small, so that a file can be cut anywhere."""
    return list(rng.integers(0, 256, (40, 48, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.avi", "ffv1"), ("a.mkv", "ffv1"), ("a.mp4", "libx264"), ("a.mov", "mpeg4"), ("a.ts", "mpeg4")],
)
def test_frames_come_in_order_with_their_times_and_levels(
    make_video: MakeVideo, levels: list[np.ndarray], name: str, codec: str
):

    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    path = make_video(levels, name, codec)
    frames, said = read(path)
    assert said == ""
    assert [frame.index for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(20) / 10, atol=1e-3)
    for frame, level in zip(frames, levels, strict=True):
        assert frame.picture.shape == level.shape
        assert frame.picture.flags.c_contiguous
        assert frame.picture.flags.writeable
        assert abs(float(frame.picture.mean()) - float(level.mean())) < 5
    with open_video(path) as video:
        assert float(video.rate) == 10
        assert video.frame_count == 20


def test_colours_are_rgb(make_video: MakeVideo):
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    (frame, *_), _ = read(make_video([red] * 3))
    np.testing.assert_allclose(frame.picture.mean(axis=(0, 1)), (200, 0, 0), atol=4)


def test_frames_are_decoded_when_they_are_asked_for(make_video: MakeVideo, levels: list[np.ndarray]):
    with open_video(make_video(levels)) as video:
        frames = video.frames()
        assert next(frames).index == 0
        assert next(frames).index == 1


@pytest.mark.parametrize(
    ("name", "options"), [("a.avi", {}), ("a.mkv", {}), ("a.mp4", {"movflags": "+faststart"})]
)
@pytest.mark.parametrize("share", [0.4, 0.61, 0.9])
def test_a_file_that_was_cut_gives_what_is_whole_and_then_says_so(
    make_video: MakeVideo, noise: list[np.ndarray], name: str, options: dict, share: float
):
    path = make_video(noise, name, "mpeg4", **options)
    whole, _ = read(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    frames, said = read(path)
    assert 0.3 * share * 40 < len(frames) < 40
    for frame, same in zip(frames, whole, strict=False):
        np.testing.assert_array_equal(frame.picture, same.picture)
    assert said.startswith(str(path))
    assert "cut short" in said or "damaged" in said


def test_a_damaged_place_is_left_out_and_said_at_the_end(make_video: MakeVideo, noise: list[np.ndarray]):
    path = make_video(noise, "a.avi", "mpeg4")
    whole, _ = read(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    path.write_bytes(content)
    frames, said = read(path)
    assert 30 <= len(frames) < 40
    assert "damaged: " in said
    assert np.array_equal(frames[-1].picture, whole[-1].picture)


@pytest.mark.parametrize(
    "content", [b"", b"abc" * 100, b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"]
)
def test_what_is_no_video_is_refused_in_one_sentence(tmp_path: Path, content: bytes):
    path = tmp_path / "no.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"no\.mp4 cannot be read as a video"), open_video(path):
        pass


def test_a_missing_file_is_refused_in_one_sentence(tmp_path: Path):
    with pytest.raises(ImageError, match="No such file"), open_video(tmp_path / "none.mp4"):
        pass


def test_a_playlist_opens_no_other_file(make_video: MakeVideo, levels: list[np.ndarray], tmp_path: Path):
    make_video(levels, "a.ts", "mpeg4")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(ImageError), open_video(playlist):
        pass


def test_a_name_is_never_a_protocol(
    make_video: MakeVideo, levels: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_video(levels).rename(tmp_path / "concat:odd.avi")
    monkeypatch.chdir(tmp_path)
    frames, said = read(Path("concat:odd.avi"))
    assert (len(frames), said) == (20, "")


def test_large_frames_are_refused_by_the_header(make_video: MakeVideo, levels: list[np.ndarray]):
    path = make_video(levels)
    with pytest.raises(ImageError, match="64 × 48 pixels"), open_video(path, max_pixels=1000):
        pass


def test_sound_alone_is_no_video(tmp_path: Path):

    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        silence.sample_rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    with pytest.raises(ImageError, match="no moving pictures"), open_video(path):
        pass


def test_a_telephone_held_upright_gives_upright_frames(make_video: MakeVideo):
    """The header of a track holds a matrix; this one says: turn by a quarter, clockwise."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :16] = 255
    path = make_video([picture] * 4, "phone.mov", "mpeg4")
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    one = (1 << 16).to_bytes(4, "big")
    assert content[matrix : matrix + 4] == one
    minus = (-(1 << 16)).to_bytes(4, "big", signed=True)
    zero = bytes(4)
    corner = (1 << 30).to_bytes(4, "big")
    content[matrix : matrix + 36] = b"".join((zero, one, zero, minus, zero, zero, zero, zero, corner))
    path.write_bytes(content)
    (frame, *_), _ = read(path)
    assert frame.picture.shape == (64, 48, 3)
    # What was at the left is at the top.
    assert frame.picture[:12].mean() > 230
    assert frame.picture[20:].mean() < 25
