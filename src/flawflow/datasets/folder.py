"""Plain folders: good pictures, and with them perhaps bad ones and masks."""

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path

from flawflow.datasets.masks import Pairs, pair_masks
from flawflow.datasets.sample import DEFECTIVE, GOOD, Dataset, Sample, good_samples, part_name
from flawflow.errors import DatasetError
from flawflow.images.find import IMAGE_SUFFIXES, Search, walk
from flawflow.storage.paths import identity
from flawflow.video.names import VIDEO_SUFFIXES

HELD_OUT = 0.2
"""The share of good pictures that is kept for testing where there are bad ones to test with."""

# Names of folders whose pictures are surely not all good.
_NOT_GOOD = frozenset(
    {"test", "ground_truth", "mask", "masks", "bad", "ng", "nok", "reject", "rejects"}
    | {"defect", "defects", "defective", "anomaly", "anomalies", "anomalous"}
)


def open_folder(folder: Path) -> Dataset:
    """Open a folder of good pictures and videos, in it and at any depth, all for training.

    Raises:
        DatasetError: There is no picture, or a folder's name says that its pictures are not good ones.
    """
    found = _search(folder, suffixes=IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    for picture in found.pictures:
        for part in picture.relative_to(folder).parts[:-1]:
            if part.casefold() in _NOT_GOOD:
                raise DatasetError(
                    f"{folder} holds folders named '{part}', whose pictures would be taken for good ones: "
                    "name the folder of one part (with train/good inside), or the good pictures with good."
                )
    return Dataset(part_name(folder), tuple(good_samples(found.pictures, "train")), found.notes)


def open_good_and_bad(good: Path, bad: Path | None, masks: Path | None) -> Dataset:
    """Open a folder of good pictures, one of bad pictures, and one of masks for the bad ones.

    Without `bad` all good pictures are for training. With it, a fifth of them is held out for testing.

    Raises:
        DatasetError: A folder is missing or empty, a picture is good and bad, or no mask fits.
    """
    found = _search(good)
    pictures = found.pictures
    if bad is None:
        if masks is not None:
            raise DatasetError(f"The masks in {masks} belong to no picture: name the bad pictures with bad.")
        return Dataset(part_name(good), tuple(good_samples(pictures, "train")), found.notes)
    defective, notes = _defective(bad, masks)
    _refuse_overlap(pictures, [sample.path for sample in defective], good)
    held_out = _held_out(pictures, good)
    samples = good_samples([p for p in pictures if p not in held_out], "train")
    samples += good_samples([p for p in pictures if p in held_out], "test")
    return Dataset(part_name(good), (*samples, *defective), found.notes + notes)


def _search(folder: Path, *, suffixes: Collection[str] = IMAGE_SUFFIXES) -> Search:
    if not folder.is_dir():
        raise DatasetError(f"The folder {folder} does not exist: check the path.")
    found = walk(folder, suffixes=suffixes)
    if not found.pictures:
        raise DatasetError(
            f"There is no picture in {folder}: it needs PNG, JPEG, BMP, TIFF or WebP files."
            + "".join(f" {note}" for note in found.notes)
        )
    return found


def _defective(bad: Path, masks: Path | None) -> tuple[list[Sample], tuple[str, ...]]:
    found = _search(bad)
    pictures = found.pictures
    pairs = Pairs({}, ())
    if masks is not None:
        _search(masks)
        pairs = pair_masks(pictures, bad, masks)
        if not pairs.mask_of:
            raise DatasetError(
                f"No mask in {masks} is named like a picture in {bad}: the mask of {pictures[0].name} "
                f"is {pictures[0].stem}_mask.png or {pictures[0].stem}.png."
            )
    samples = [
        Sample(path, "test", True, _defect_type(path, bad), pairs.mask_of.get(path)) for path in pictures
    ]
    return samples, found.notes + pairs.notes


def _defect_type(picture: Path, bad: Path) -> str:
    folders = picture.relative_to(bad).parts[:-1]
    if folders and folders[0].casefold() == GOOD:
        raise DatasetError(f"The bad pictures in {bad} hold a folder '{folders[0]}': name them without it.")
    return folders[0] if folders else DEFECTIVE


def _refuse_overlap(good: Sequence[Path], bad: Sequence[Path], folder: Path) -> None:
    shared = {identity(path) for path in bad}
    for path in good:
        if identity(path) in shared:
            raise DatasetError(f"{path} is good (in {folder}) and bad at once: keep the two folders apart.")


def _held_out(pictures: Sequence[Path], folder: Path) -> set[Path]:
    """Choose a fifth of the pictures (at least one) by a hash of their names below `folder`."""
    if len(pictures) < 2:
        raise DatasetError(
            f"{folder} holds a single good picture: it takes one to learn from and another to test with."
        )
    count = max(1, round(HELD_OUT * len(pictures)))

    def rank(path: Path) -> tuple[str, str]:
        # One name may be spelt in two ways of Unicode, by the file system that it was last copied to.
        name = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
        return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest(), name

    return set(sorted(pictures, key=rank)[:count])
