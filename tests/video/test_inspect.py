from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flawflow.inspection.inspection import Failure
from flawflow.inspection.inspector import Inspector
from flawflow.video.inspect import FrameInspection, inspect_video
from flawflow.video.read import open_video

MakeVideo = Callable[..., Path]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_frame_is_judged_as_the_same_picture_is(
    make_video: MakeVideo, levels: list[np.ndarray], tiny_model: Path, workers: int
):
    inspector = Inspector.load(tiny_model)
    path = make_video(levels)
    with open_video(path) as video:
        found = list(inspect_video(inspector, video, workers=workers))
    assert [one.frame.index for one in found] == list(range(20))
    for one in found:
        alone = inspector.inspect(one.frame.picture)
        assert isinstance(one, FrameInspection)
        assert (one.inspection.score, one.inspection.verdict) == (alone.score, alone.verdict)
        np.testing.assert_array_equal(one.inspection.anomaly_map, alone.anomaly_map)
        assert one.inspection.path == path
    assert [one.inspection.verdict for one in found][::19] == ["OK", "NG"]


def test_a_cut_video_ends_with_a_failure(make_video: MakeVideo, rng: np.random.Generator, tiny_model: Path):
    path = make_video(list(rng.integers(0, 256, (20, 48, 64, 3), dtype=np.uint8)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    with open_video(path) as video:
        *found, last = inspect_video(Inspector.load(tiny_model), video)
    assert len(found) > 4
    assert isinstance(last, Failure)
    assert last.path == path
