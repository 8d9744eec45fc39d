"""Clips of one fixed camera with a mask for each test frame, as UCSD Ped2 has them.

    train/CLIP/001.jpg …         usual traffic
    test/CLIP/001.jpg …
    ground_truth/CLIP/001_mask.png, or beside the clips as published: test/CLIP_gt/001.bmp

A frame is anomalous where its mask is not empty. The case of folder names does not count.
"""

from pathlib import Path

from flawflow.datasets.masks import pair_masks
from flawflow.datasets.sample import GOOD, Dataset, Sample, good_samples, part_name
from flawflow.errors import DatasetError
from flawflow.images import read_mask
from flawflow.images.find import natural_key, walk, walk_images

_TRUTH = "_gt"


def is_clips(folder: Path) -> bool:
    """Tell whether `train` holds clips, and every clip in `test` has a folder of masks."""
    train, test = (_folders(folder / name) for name in ("train", "test"))
    return bool(train) and GOOD not in train and bool(test) and set(_clips(test)) == set(_truths(folder))


def open_clips(folder: Path) -> Dataset:
    """Open clips in the layout of UCSD Ped2; the masks are read, the pictures are not.

    A test frame's type of defect is the name of its clip.

    Raises:
        DatasetError: A test frame has no mask.
        ImageError: A mask cannot be read.
    """
    train = [path for clip in _folders(folder / "train").values() for path in walk_images(clip)]
    samples, truths = good_samples(train, "train"), _truths(folder)
    notes: tuple[str, ...] = ()
    for name, clip in _clips(_folders(folder / "test")).items():
        frames = walk(clip)
        masks = pair_masks(frames.pictures, clip, truths[name]).mask_of
        notes += frames.notes
        for frame in frames.pictures:
            if frame not in masks:
                raise DatasetError(
                    f"{frame} has no mask in {truths[name]}: add one, empty where nothing is unusual."
                )
            odd = bool(read_mask(masks[frame]).any())
            samples.append(Sample(frame, "test", odd, clip.name if odd else GOOD, masks[frame]))
    return Dataset(part_name(folder), tuple(samples), notes)


def _folders(folder: Path) -> dict[str, Path]:
    """The folders in one, by their names in lower case; empty where that one is missing in any case."""
    found = folder if folder.is_dir() else folder.with_name(folder.name.capitalize())
    if not found.is_dir():
        return {}
    entries = (entry for entry in found.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return {entry.name.casefold(): entry for entry in sorted(entries, key=natural_key)}


def _clips(test: dict[str, Path]) -> dict[str, Path]:
    return {name: path for name, path in test.items() if not name.endswith(_TRUTH)}


def _truths(folder: Path) -> dict[str, Path]:
    """The folder of masks of each test clip."""
    beside = _folders(folder / "test").items()
    return _folders(folder / "ground_truth") | {
        name.removesuffix(_TRUTH): path for name, path in beside if name.endswith(_TRUTH)
    }
