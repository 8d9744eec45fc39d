"""Shanghai Tech Campus: training videos, test frames and their masks, scene by scene, as published.

    training/videos/SS_VVV.avi               videos of usual traffic
    testing/frames/SS_VVVV/000.jpg …         test videos, as frames
    testing/test_frame_mask/SS_VVVV.npy      (frames,) numbers, not 0 where a frame is anomalous
    testing/test_pixel_mask/SS_VVVV.npy      (frames, H, W) numbers, not 0 where a pixel is

SS is the scene, 01 to 13; the test set as published has no video of one of them.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from flawflow.datasets.mask_stack import open_stack
from flawflow.datasets.sample import GOOD, Dataset, Sample, good_samples
from flawflow.errors import DatasetError
from flawflow.images.find import natural_key, walk_images
from flawflow.video.names import is_video_name

_NAME = re.compile(r"([0-9]{2})_[0-9]+")
_FOLDER = "shanghaitech"


def is_shanghaitech(folder: Path) -> bool:
    """Tell whether a folder, or the one in it under the published name, has the layout."""
    root = _root(folder)
    return (root / "training" / "videos").is_dir() and (root / "testing" / "frames").is_dir()


def open_shanghaitech(folder: Path) -> dict[str, Dataset]:
    """Open the data set: one part a scene, by the scene's name such as 01. No picture is read.

    A test frame's type of defect is the name of its video.

    Args:
        folder: That of `training` and `testing`, or the one that holds it under its published name.

    Raises:
        DatasetError: There is no video, a test video has no frame or no frame mask, or a mask does not fit.
    """
    root = _root(folder)
    videos, frames = root / "training" / "videos", root / "testing" / "frames"
    training = _by_scene(path for path in videos.iterdir() if is_video_name(path))
    tests = _by_scene(path for path in frames.iterdir() if path.is_dir())
    names = sorted({*training, *tests})
    if not names:
        raise DatasetError(f"There is no video SS_VVV in {videos} and none in {frames}: check the data set.")
    untested = ", ".join(name for name in names if name not in tests)
    notes = (f"Without test videos: scene {untested} of {_FOLDER}.",) if untested else ()
    return {
        name: Dataset(
            f"{_FOLDER} {name}",
            (
                *good_samples(training.get(name, ()), "train"),
                *(sample for video in tests.get(name, ()) for sample in _test_samples(video)),
            ),
            notes,
            scene_of=_FOLDER,
        )
        for name in names
    }


def _root(folder: Path) -> Path:
    return folder / _FOLDER if (folder / _FOLDER).is_dir() else folder


def _by_scene(paths: Iterable[Path]) -> dict[str, list[Path]]:
    scenes: dict[str, list[Path]] = {}
    for path in sorted(paths, key=natural_key):
        if match := _NAME.fullmatch(path.stem):
            scenes.setdefault(match[1], []).append(path)
    return scenes


def _test_samples(video: Path) -> list[Sample]:
    frame_mask, pixel_mask = (
        video.parents[1] / f"test_{kind}_mask" / f"{video.name}.npy" for kind in ("frame", "pixel")
    )
    frames = list(walk_images(video))
    if not frames:
        raise DatasetError(f"There is no frame in {video}: unpack the data set again.")
    if not frame_mask.is_file():
        raise DatasetError(f"{video.name} has no frame mask {frame_mask}: unpack the data set again.")
    anomalous = open_stack(frame_mask, frames=len(frames), dimensions=1) != 0
    if pixel_mask.is_file():
        open_stack(pixel_mask, frames=len(frames), dimensions=3)
    elif anomalous.any():
        raise DatasetError(
            f"{video.name} has anomalous frames but no test_pixel_mask/{video.name}.npy: add it."
        )
    else:
        return good_samples(frames, "test")
    return [
        Sample(frame, "test", bool(odd), video.name if odd else GOOD, pixel_mask, mask_frame=number)
        for number, (frame, odd) in enumerate(zip(frames, anomalous, strict=True))
    ]
