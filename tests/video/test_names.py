import importlib.util
from pathlib import Path

import pytest

from flawflow.errors import FlawflowError
from flawflow.images import IMAGE_SUFFIXES
from flawflow.video import VIDEO_SUFFIXES, is_video_name
from flawflow.video.names import require_video


def test_videos_are_told_by_their_names_and_are_no_pictures():
    assert is_video_name(Path("a/CLIP.MP4"))
    assert not is_video_name(Path(".hidden.mp4"))
    assert not is_video_name(Path("mp4"))
    assert not VIDEO_SUFFIXES & IMAGE_SUFFIXES


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FlawflowError, match=r"clip\.mp4 .* pip install 'flawflow\[video\]'"):
        require_video(Path("clip.mp4"))
