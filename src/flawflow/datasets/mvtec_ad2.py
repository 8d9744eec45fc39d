"""The layout of MVTec AD 2: public test pictures with masks, private ones whose masks a server keeps.

train/good/000_regular.png               validation/good/…
test_public/good/…, test_public/bad/…    test_public/ground_truth/bad/000_regular_mask.png
test_private/000_regular.png             test_private_mixed/000_mixed.png
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flawflow.datasets.masks import Pairs, pair_masks
from flawflow.datasets.mvtec import opened
from flawflow.datasets.sample import Dataset
from flawflow.images.find import walk_images

_TRUTH = "ground_truth"
_PRIVATE = ("test_private", "test_private_mixed")


def is_mvtec_ad2(folder: Path) -> bool:
    """Tell whether a folder has `train/good` and `test_public`."""
    return (folder / "train" / "good").is_dir() and (folder / "test_public").is_dir()


def open_mvtec_ad2(folder: Path) -> Dataset:
    """Open one object; its private pictures are `Dataset.unlabelled`.

    Raises:
        DatasetError: There is no picture to learn from.
    """
    test = folder / "test_public"

    def paired(pictures: Sequence[Path]) -> Pairs:
        truth = test / _TRUTH
        return pair_masks(pictures, test, truth) if truth.is_dir() else Pairs({}, ())

    dataset = opened(
        folder,
        train=folder / "train" / "good",
        test=test,
        paired=paired,
        is_picture=lambda parts: parts[0] != _TRUTH,
    )
    private = [path for name in _PRIVATE if (folder / name).is_dir() for path in walk_images(folder / name)]
    return replace(dataset, unlabelled=tuple(private))
