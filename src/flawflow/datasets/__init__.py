"""Datasets: which pictures are good, which are defective, which are for learning and which for testing."""

from collections.abc import Callable
from pathlib import Path

from flawflow.datasets.clips import is_clips, open_clips
from flawflow.datasets.folder import open_folder, open_good_and_bad
from flawflow.datasets.manifest import open_manifest
from flawflow.datasets.mvtec import is_mvtec, open_mvtec
from flawflow.datasets.mvtec_3d import is_mvtec_3d, open_mvtec_3d
from flawflow.datasets.mvtec_ad2 import is_mvtec_ad2, open_mvtec_ad2
from flawflow.datasets.mvtec_loco import is_mvtec_loco, open_mvtec_loco
from flawflow.datasets.real_iad import is_real_iad, open_real_iad
from flawflow.datasets.sample import Dataset, Sample, Saturation, good_samples
from flawflow.datasets.shanghaitech import is_shanghaitech, open_shanghaitech
from flawflow.datasets.visa import is_visa, open_visa
from flawflow.errors import DatasetError
from flawflow.storage.paths import to_path
from flawflow.video.names import is_video_name

__all__ = ["Dataset", "Sample", "Saturation", "has_layout", "open_dataset", "open_datasets"]

# The first that fits counts: what MVTec AD's own layout fits, too, comes before it.
_LAYOUTS: tuple[tuple[Callable[[Path], bool], Callable[[Path], Dataset]], ...] = (
    (is_mvtec_ad2, open_mvtec_ad2),
    (is_mvtec_3d, open_mvtec_3d),
    (is_mvtec_loco, open_mvtec_loco),
    (is_mvtec, open_mvtec),
    (is_visa, open_visa),
    (is_real_iad, open_real_iad),
    (is_clips, open_clips),
)


def open_dataset(
    path: str | Path | None,
    *,
    scene: str | None = None,
    good: str | Path | None = None,
    bad: str | Path | None = None,
    masks: str | Path | None = None,
) -> Dataset:
    """Open a dataset and tell its pictures apart. No picture is read.

    Either `path` names the whole, and its kind is found out:

    - a `.csv` file: a manifest with the columns image_path, label_index, split, mask_path;
    - a video: its frames are good pictures, all for training;
    - a folder with `train/good` (or `train` with exactly one folder): the layout of MVTec AD, which BTAD and
      MPDD have, too, or that of MVTec AD 2, MVTec 3D-AD or MVTec LOCO AD;
    - an object's folder of VisA, with `split_csv/1cls.csv` beside it;
    - a product's folder of Real-IAD with `realiad_jsons` beside it, or one of its lists (`.json`);
    - a folder with clips in `train` and `test`, and masks for each test frame: the layout of UCSD Ped2;
    - a folder with `training/videos` and `testing/frames`: Shanghai Tech Campus, of which `scene` names one;
    - another folder: good pictures and videos, in it and at any depth, all for training.

    Or `good` names a folder of good pictures. Without `bad` they are all for training. With `bad`, a fifth
    of them (rounded, at least one) goes to the test split beside the bad ones, so that there is something
    to compare; which ones depends on their names alone, never on file order or chance.

    Hidden files and whatever is not named like a picture are left out.

    Args:
        path: A manifest or folder, or None with `good`.
        scene: One of the scenes of a data set that has several, such as "01".
        good: The folder of good pictures.
        bad: The folder of defective pictures, all for testing. Its folders name the types of defect.
        masks: The folder of masks for `bad`: the same path or name, with or without `_mask`. A defective
            picture without a mask counts for image scores only.

    Returns:
        The dataset; training pictures first, then test pictures, good before defective, in natural order
        (a manifest's in the order of its rows).

    Raises:
        DatasetError: A path is missing or empty, or a picture's role is contradictory.
    """
    try:
        if good is not None and path is None:
            if scene is not None:
                raise DatasetError(f"There is no scene {scene} in pictures that good names: leave out scene.")
            return open_good_and_bad(
                to_path(good), *(None if each is None else to_path(each) for each in (bad, masks))
            )
        if path is None or good is not None or bad is not None or masks is not None:
            raise DatasetError(
                "Name either one dataset (a folder or a manifest), or a folder of good pictures with good, "
                "to which bad and masks may be added."
            )
        return _open_path(to_path(path), scene)
    except OSError as error:
        raise DatasetError(
            f"{error.filename} cannot be read ({error.strerror}): check the path and its permissions."
        ) from error


def open_datasets(path: Path) -> list[Dataset]:
    """Open all data sets that a path stands for: every scene, or every part of a folder of several.

    Raises:
        DatasetError: As `open_dataset`.
    """
    if path.is_dir() and is_shanghaitech(path):
        return list(open_shanghaitech(path).values())
    if path.is_dir() and not has_layout(path):
        inside = [folder for folder in sorted(path.iterdir()) if folder.is_dir() and has_layout(folder)]
        if inside:
            return [open_dataset(folder) for folder in inside]
    return [open_dataset(path)]


def _open_path(path: Path, scene: str | None) -> Dataset:
    if path.is_dir() and is_shanghaitech(path):
        return _chosen(open_shanghaitech(path), scene, path)
    if scene is not None:
        raise DatasetError(f"{path} is not made of scenes: leave out scene.")
    if path.is_file() and is_video_name(path):
        return Dataset(path.stem, tuple(good_samples([path], "train")))
    if not path.exists():
        raise DatasetError(f"{path} does not exist: name a folder of pictures, a video or a manifest (.csv).")
    for fits, opened in _LAYOUTS:
        if fits(path):
            return opened(path)
    return open_manifest(path) if path.is_file() else open_folder(path)


def has_layout(path: Path) -> bool:
    """Tell whether a path is a data set with a layout of its own, and not just a folder of pictures."""
    return any(fits(path) for fits, _ in _LAYOUTS)


def _chosen(scenes: dict[str, Dataset], scene: str | None, path: Path) -> Dataset:
    if scene in scenes:
        return scenes[scene]
    missing = "is made of scenes" if scene is None else f"has no scene {scene}"
    raise DatasetError(f"{path} {missing}: choose one of {', '.join(scenes)} as scene.")
