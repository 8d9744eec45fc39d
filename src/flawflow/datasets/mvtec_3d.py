"""The layout of MVTec 3D-AD, of which the colour pictures are taken and the depth is not.

train/good/rgb/000.png    validation/good/rgb/…
test/TYPE/rgb/000.png     test/TYPE/gt/000.png     …/xyz/000.tiff
"""

from collections.abc import Sequence
from pathlib import Path

from flawflow.datasets.masks import Pairs, notes_on_masks
from flawflow.datasets.mvtec import opened
from flawflow.datasets.sample import Dataset

_COLOUR, _TRUTH = "rgb", "gt"


def is_mvtec_3d(folder: Path) -> bool:
    """Tell whether a folder has `train/good/rgb`."""
    return (folder / "train" / "good" / _COLOUR).is_dir()


def open_mvtec_3d(folder: Path) -> Dataset:
    """Open one category.

    Raises:
        DatasetError: There is no picture to learn from.
    """
    return opened(
        folder,
        train=folder / "train" / "good" / _COLOUR,
        test=folder / "test",
        paired=_paired,
        is_picture=lambda parts: parts[1:2] == (_COLOUR,),
    )


def _paired(pictures: Sequence[Path]) -> Pairs:
    masks = {path: path.parents[1] / _TRUTH / f"{path.stem}.png" for path in pictures}
    found = {path: mask for path, mask in masks.items() if mask.is_file()}
    bare = [path for path in pictures if path not in found]
    return Pairs(found, notes_on_masks(defective=pictures, bare=bare))
