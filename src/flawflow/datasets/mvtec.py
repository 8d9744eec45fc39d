"""The layout of MVTec AD, BTAD and MPDD: train/good, test/TYPE, ground_truth/TYPE/STEM_mask.png."""

from collections.abc import Callable, Sequence
from pathlib import Path

from flawflow.datasets.masks import Pairs, pair_masks
from flawflow.datasets.sample import GOOD, Dataset, Sample, good_samples, part_name
from flawflow.errors import DatasetError, one_line
from flawflow.images.find import walk


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
    if good is None:
        raise _nothing_to_learn_from(folder / "train")

    def paired(pictures: Sequence[Path]) -> Pairs:
        truth = folder / "ground_truth"
        return pair_masks(pictures, folder / "test", truth) if truth.is_dir() else Pairs({}, ())

    return opened(folder, train=good, test=folder / "test", paired=paired)


def opened(
    folder: Path,
    *,
    train: Path,
    test: Path,
    paired: Callable[[Sequence[Path]], Pairs],
    is_picture: Callable[[tuple[str, ...]], bool] = lambda _parts: True,
) -> Dataset:
    """Open a part whose pictures lie in a folder of good ones and in folders of test pictures by type.

    Args:
        folder: Of the part, which is named after it.
        train: Of the pictures to learn from.
        test: Of folders of test pictures, one a type; "good", and what is named like `train`, are good.
        paired: Finds the masks of the defective ones.
        is_picture: Of the parts of a name below `test`, whether it is a picture to inspect.

    Raises:
        DatasetError: There is no picture to learn from, or one that has no type.
    """
    learned = walk(train)
    if not learned.pictures:
        raise _nothing_to_learn_from(train.parent)
    samples, notes = good_samples(learned.pictures, "train"), learned.notes + _on_validation(folder)
    if not test.is_dir():
        return Dataset(part_name(folder), tuple(samples), notes)
    tested = walk(test)
    defective: list[Path] = []
    for path in tested.pictures:
        if not is_picture(path.relative_to(test).parts):
            continue
        if path.parent == test:
            raise DatasetError(
                f"{path} lies beside the folders of {test}: move it to test/good or test/TYPE."
            )
        if path.relative_to(test).parts[0] in (GOOD, train.name):
            samples += good_samples([path], "test")
        else:
            defective.append(path)
    pairs = paired(defective)
    samples += [
        Sample(path, "test", True, path.relative_to(test).parts[0], pairs.mask_of.get(path))
        for path in defective
    ]
    return Dataset(part_name(folder), tuple(samples), notes + tested.notes + pairs.notes)


def _on_validation(folder: Path) -> tuple[str, ...]:
    validation = folder / "validation"
    if not validation.is_dir():
        return ()
    return (
        f"The good pictures in {one_line(str(validation))} are neither learned from nor tested with: "
        "flawflow calibrate takes them for a model's thresholds.",
    )


def _nothing_to_learn_from(train: Path) -> DatasetError:
    return DatasetError(f"There is no picture in {train}: put the good pictures in train/good.")


def _good_folder(folder: Path) -> Path | None:
    train = folder / "train"
    if (train / GOOD).is_dir():
        return train / GOOD
    if not train.is_dir():
        return None
    folders = [entry for entry in train.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return folders[0] if len(folders) == 1 else None
