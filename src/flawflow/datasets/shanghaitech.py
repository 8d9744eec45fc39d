"""Shanghai Tech Campus: training videos, test frames and their masks, scene by scene, as published.

    training/videos/SS_VVV.avi               videos of usual traffic
    testing/frames/SS_VVVV/000.jpg …         test videos, as frames
    testing/test_frame_mask/SS_VVVV.npy      (frames,) numbers, not 0 where a frame is anomalous
    testing/test_pixel_mask/SS_VVVV.npy      (frames, H, W) numbers, not 0 where a pixel is

SS is the scene, 01 to 13; the test set as published has no video of one of them.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import DatasetError
from flawflow.images.find import natural_key, walk_images
from flawflow.video.names import is_video_name

_NAME = re.compile(r"([0-9]{2})_[0-9]+")
_FOLDER = "shanghaitech"


@dataclass(frozen=True)
class TestVideo:
    """One test video.

    Attributes:
        name: Such as 01_0014.
        frames: Its pictures, in their order.
        frame_mask: The file that says which frames are anomalous.
        pixel_mask: The file that says which pixels are; None where there is none.
    """

    __test__ = False  # pytest collects what is called so

    name: str
    frames: tuple[Path, ...]
    frame_mask: Path
    pixel_mask: Path | None

    def read_frame_mask(self) -> NDArray[np.bool_]:
        """Which frames are anomalous, bool (frames,).

        Raises:
            DatasetError: The file is damaged or does not fit the frames.
        """
        mask = _load(self.frame_mask)
        if mask.shape != (len(self.frames),):
            raise self._misfit(self.frame_mask, mask)
        return _not_zero(mask)

    def open_pixel_mask(self) -> "PixelMask | None":
        """Which pixels are anomalous; None where no frame is and there is no file.

        Raises:
            DatasetError: The file is missing, damaged or does not fit the frames.
        """
        if self.pixel_mask is None:
            if not self.read_frame_mask().any():
                return None
            raise DatasetError(
                f"{self.name} has anomalous frames but no test_pixel_mask/{self.name}.npy: add it."
            )
        mask = _load(self.pixel_mask)
        if mask.ndim != 3 or len(mask) != len(self.frames):
            raise self._misfit(self.pixel_mask, mask)
        return PixelMask(mask)

    def _misfit(self, path: Path, mask: NDArray[np.generic]) -> DatasetError:
        return DatasetError(
            f"{path} has the shape {mask.shape}, but {self.name} has {len(self.frames)} frames: "
            "copy both again."
        )


@dataclass(frozen=True)
class PixelMask:
    """The anomalous pixels of a test video; a frame is read from the disk when it is asked for."""

    levels: NDArray[np.generic]

    def __getitem__(self, frame: int) -> NDArray[np.bool_]:
        """The mask of one frame, bool (H, W)."""
        return _not_zero(self.levels[frame])


@dataclass(frozen=True)
class Scene:
    """What one camera saw.

    Attributes:
        name: Such as 01.
        training: Videos to learn from.
        test: Videos to test with.
    """

    name: str
    training: tuple[Path, ...]
    test: tuple[TestVideo, ...]


def open_scenes(folder: Path) -> list[Scene]:
    """Open the data set. No picture and no mask is read.

    Args:
        folder: That of `training` and `testing`, or the one that holds it under its published name.

    Raises:
        DatasetError: The layout is another one, or a test video has no frame or no frame mask.
    """
    if (folder / _FOLDER).is_dir():
        folder = folder / _FOLDER
    videos, frames = folder / "training" / "videos", folder / "testing" / "frames"
    for part in (videos, frames):
        if not part.is_dir():
            raise DatasetError(
                f"There is no folder {part}: name the folder of Shanghai Tech Campus that holds "
                "training/videos and testing/frames."
            )
    training = [path for path in videos.iterdir() if is_video_name(path) and _scene(path)]
    test = [_test_video(path) for path in frames.iterdir() if path.is_dir() and _scene(path)]
    names = sorted({_scene(path) for path in training} | {_scene(Path(video.name)) for video in test})
    if not names:
        raise DatasetError(f"There is no video SS_VVV in {videos} and none in {frames}: check the data set.")
    return [
        Scene(
            name,
            tuple(sorted((path for path in training if _scene(path) == name), key=natural_key)),
            tuple(
                sorted(
                    (video for video in test if _scene(Path(video.name)) == name),
                    key=lambda video: natural_key(video.name),
                )
            ),
        )
        for name in names
    ]


def _scene(path: Path) -> str:
    match = _NAME.fullmatch(path.stem)
    return match[1] if match else ""


def _test_video(folder: Path) -> TestVideo:
    masks = folder.parents[1]
    frame_mask = masks / "test_frame_mask" / f"{folder.name}.npy"
    pixel_mask = masks / "test_pixel_mask" / f"{folder.name}.npy"
    frames = tuple(walk_images(folder))
    if not frames:
        raise DatasetError(f"There is no frame in {folder}: unpack the data set again.")
    if not frame_mask.is_file():
        raise DatasetError(f"{folder.name} has no frame mask {frame_mask}: unpack the data set again.")
    return TestVideo(folder.name, frames, frame_mask, pixel_mask if pixel_mask.is_file() else None)


def _not_zero(levels: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.asarray(levels).astype(np.bool_)


def _load(path: Path) -> NDArray[np.generic]:
    """Map an array of numbers from a file; nothing in it is run."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DatasetError(f"{path} cannot be read as an array ({error}): copy it again.") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise DatasetError(f"{path} is not an array of numbers: copy it again.")
    return array
