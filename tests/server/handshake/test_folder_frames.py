"""Which file of a folder a trigger takes."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flawflow.server.handshake import folder_frames as module
from flawflow.server.handshake.folder_frames import FolderFrames
from flawflow.server.handshake.frames import Frame, NoFrameError, SourceError
from flawflow.server.settings import Take

Opened = Callable[[Take], FolderFrames]


@pytest.fixture
def opened(folder: Path) -> Iterator[Opened]:
    """Look into the folder; ended with the test."""
    frames: list[FolderFrames] = []

    def start(take: Take) -> FolderFrames:
        frames.append(FolderFrames(folder, take=take, max_bytes=100))
        return frames[-1]

    yield start
    for each in frames:
        each.close()


def take(frames: FolderFrames, seconds: float = 5.0) -> Frame:
    frames.arm()
    since = time.monotonic()
    return frames.take(since, since + seconds, lambda: True)


def put(folder: Path, name: str, content: bytes = b"content") -> None:
    (folder / f".{name}").write_bytes(content)
    (folder / f".{name}").rename(folder / name)


def test_the_next_image_is_one_that_comes_after_the_trigger(folder: Path, opened: Opened) -> None:
    put(folder, "before.png")
    frames = opened("next")
    put(folder, "idle.png")
    frames.arm()
    since = time.monotonic()
    put(folder, "after.png", b"after")
    assert frames.take(since, since + 5, lambda: True) == Frame(b"after", "after.png")
    with pytest.raises(NoFrameError, match="in time"):
        take(frames, 0.1)


def test_the_newest_image_is_taken_once(folder: Path, opened: Opened) -> None:
    put(folder, "start.png")
    frames = opened("newest")
    put(folder, "a.png", b"a")
    assert take(frames).content == b"a"
    with pytest.raises(NoFrameError, match="in time"):
        take(frames, 0.1)
    put(folder, "b.png", b"b")
    put(folder, "sub.txt")
    assert take(frames).content == b"b"


def test_an_old_image_is_not_the_newest(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flawflow.server.handshake.folder_frames.NEWEST_SECONDS", 0.0)
    frames = opened("newest")
    put(folder, "a.png")
    time.sleep(0.3)
    with pytest.raises(NoFrameError):
        take(frames, 0.1)


def test_a_file_that_is_written_again_comes_again(folder: Path, opened: Opened) -> None:
    frames = opened("newest")
    put(folder, "a.png", b"first")
    assert take(frames).content == b"first"
    assert frames.refuse(Frame(b"first", "a.png"))
    put(folder, "a.png", b"second one")
    assert take(frames).content == b"second one"


def test_a_file_that_is_too_large_is_none(folder: Path, opened: Opened) -> None:
    frames = opened("newest")
    put(folder, "a.png", bytes(101))
    with pytest.raises(NoFrameError):
        take(frames, 0.2)


def test_a_folder_that_is_gone_is_told_and_looked_at_again(folder: Path, opened: Opened) -> None:
    put(folder, "old.png")
    frames = opened("newest")
    aside = folder.with_name("aside")
    folder.rename(aside)
    with pytest.raises(SourceError, match="cannot be read"):
        take(frames, 0.3)
    aside.rename(folder)
    # What was there before is not new.
    with pytest.raises(NoFrameError):
        take(frames, 0.3)
    put(folder, "new.png", b"new")
    assert take(frames).content == b"new"


def test_a_folder_that_goes_away_during_a_look_has_not_lost_its_files(
    folder: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "old.png")
    frames = opened("newest")
    aside = folder.with_name("aside")
    folder.rename(aside)
    # Opened before it went, read after: every file seems to have been removed.
    monkeypatch.setattr(module, "scan", lambda *_, **__: iter(()))
    with pytest.raises(SourceError, match="cannot be read"):
        take(frames, 0.3)
    monkeypatch.undo()
    aside.rename(folder)
    with pytest.raises(NoFrameError):
        take(frames, 0.3)


def test_nobody_waits_for_a_job_that_was_given_up(folder: Path, opened: Opened) -> None:
    frames = opened("next")
    with pytest.raises(NoFrameError, match="given up"):
        frames.take(time.monotonic(), time.monotonic() + 60, lambda: False)


def test_a_job_that_was_given_up_takes_no_image(folder: Path, opened: Opened) -> None:
    frames = opened("next")
    frames.arm()
    since, answers = time.monotonic(), iter([True, False, False])
    put(folder, "of the next job.png", b"next")
    with pytest.raises(NoFrameError, match="given up"):
        frames.take(since, since + 60, lambda: next(answers))
    assert frames.take(since, since + 5, lambda: True).content == b"next"


def test_a_link_out_of_the_folder_is_no_image(folder: Path, tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    frames = opened("newest")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(NoFrameError):
        take(frames, 0.2)


def test_what_is_no_folder_is_refused(folder: Path) -> None:
    shutil.rmtree(folder)
    with pytest.raises(SourceError, match="is not a folder"):
        FolderFrames(folder, take="next", max_bytes=100)
