"""The layout of MVTec AD: train/good, test/TYPE, ground_truth/TYPE/STEM_mask.png."""

from pathlib import Path

from flawflow.datasets.masks import Pairs, pair_masks
from flawflow.datasets.sample import GOOD, Dataset, Sample, good_samples, part_name
from flawflow.errors import DatasetError
from flawflow.images.find import Search, walk


def is_mvtec(folder: Path) -> bool:
    """Tell whether a folder has `train/good`, or a `train` with exactly one folder."""
    return _good_folder(folder) is not None


def open_mvtec(folder: Path) -> Dataset:
    """Open one part (category) in the layout of MVTec AD.

    `test/good` (or `test` with the name of the one folder in `train`) holds good pictures, every other
    `test/TYPE` defective ones. Masks are in `ground_truth/TYPE`, named like their pictures (`pair_masks`).

    Raises:
        DatasetError: There is no picture to learn from.
    """
    good = _good_folder(folder)
    train = walk(good) if good is not None else Search()
    if good is None or not train.pictures:
        raise DatasetError(f"There is no picture in {folder / 'train'}: put the good pictures in train/good.")
    samples, notes = good_samples(train.pictures, "train"), train.notes
    test = folder / "test"
    if test.is_dir():
        defective: list[Path] = []
        tested = walk(test)
        for path in tested.pictures:
            kind = path.relative_to(test).parts[0]
            if kind in (GOOD, good.name):
                samples += good_samples([path], "test")
            else:
                defective.append(path)
        bad, said = _defective(defective, test, folder / "ground_truth")
        samples += bad
        notes += tested.notes + said
    return Dataset(part_name(folder), tuple(samples), notes)


def _defective(pictures: list[Path], test: Path, truth: Path) -> tuple[list[Sample], tuple[str, ...]]:
    for picture in pictures:
        if picture.parent == test:
            raise DatasetError(
                f"{picture} lies beside the folders of {test}: move it to test/good or test/TYPE."
            )
    pairs = pair_masks(pictures, test, truth) if truth.is_dir() else Pairs({}, ())
    samples = [
        Sample(picture, "test", True, picture.relative_to(test).parts[0], pairs.mask_of.get(picture))
        for picture in pictures
    ]
    return samples, pairs.notes


def _good_folder(folder: Path) -> Path | None:
    train = folder / "train"
    if (train / GOOD).is_dir():
        return train / GOOD
    if not train.is_dir():
        return None
    folders = [entry for entry in train.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return folders[0] if len(folders) == 1 else None
